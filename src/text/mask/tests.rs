#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use proptest::prelude::*;
use serde_json::json;

use super::{MASK, args, env, is_secret_name, text};

#[test]
fn names_tell_secrets() {
    for name in [
        "PASSWORD",
        "DB_PASSWORD",
        "dbPassword",
        "MYSQL_ROOT_PASSWORD",
        "API_KEY",
        "apiKey",
        "APIKEY",
        "STRIPE_SECRET",
        "GITHUB_TOKEN",
        "AUTH",
        "HTTP_AUTH",
        "SENTRY_DSN",
        "SESSION_SECRET",
        "PASSWORD_SALT",
        "DB_PASS",
        "PGPASSWORD",
        "AWS_SECRET_ACCESS_KEY",
        "--requirepass",
        "GOOGLE_APPLICATION_CREDENTIALS",
        "COOKIE",
        "RSA_PRIVATE",
    ] {
        assert!(is_secret_name(name), "{name}");
    }
    for name in ["AUTHOR", "KEYCLOAK_HOST", "MONKEY", "COMPASS", "PATH", "LOG_LEVEL", "KEYBOARD", "PWDX", ""]
    {
        assert!(!is_secret_name(name), "{name}");
    }
}

#[test]
fn harmless_variables_are_shown_and_nothing_else() {
    for (name, value) in [
        ("PORT", "8080"),
        ("DEBUG", "true"),
        ("PATH", "/usr/local/bin:/usr/bin"),
        ("NODE_ENV", "production"),
        ("TZ", "Europe/Berlin"),
        ("LANG", "C.UTF-8"),
        ("NODE_VERSION", "20.11.1"),
        ("DB_HOST", "db"),
        ("POSTGRES_USER", "shop"),
        ("REDIS", "redis:6379"),
        ("KAFKA", "k1:9092,k2:9092"),
        ("UPSTREAM", "api.example.com"),
        ("X", "10.0.0.7"),
        ("WAIT", "30s"),
        ("HEAP", "512M"),
        ("LOG_LEVEL", "debug"),
        ("API", "https://api.example.com/v1?page=2"),
        ("POSTGRES_PASSWORD_FILE", "/run/secrets/db"),
        ("EMPTY", ""),
        ("DB_PASSWORD", ""),
    ] {
        assert_eq!(env(name, value), value, "{name}");
    }
    for (name, value) in [
        ("DB_PASSWORD", "hunter2"),
        ("DB_PASSWORD", "123456"),
        ("DB_PASSWORD", "true"),
        ("DB_PASSWORD", "/no/file"),
        ("WHATEVER", "hunter2"),
        ("X", "correct horse"),
        ("SERVICE_NAME", "sk_live_0123456789abcdef"),
        ("HOST_ID", "aGVsbG8gV29ybGQ0Mg1x9"),
        ("CLUSTER", "0123456789abcdef0123456789abcdef"),
        ("PHONE", "491701234567890"),
        ("BLOB", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc"),
    ] {
        assert_eq!(env(name, value), MASK, "{name}={value}");
    }
    assert_eq!(
        env("DATABASE_URL", "postgres://user:p4ss@db:5432/x"),
        format!("postgres://user:{MASK}@db:5432/x")
    );
}

#[test]
fn urls_lose_their_credentials_only() {
    let m = MASK;
    for (raw, want) in [
        ("postgres://user:p4ss@db:5432/x", format!("postgres://user:{m}@db:5432/x")),
        ("redis://:p4ss@cache:6379/0", format!("redis://:{m}@cache:6379/0")),
        ("amqp://u:p@ss:w@mq/", format!("amqp://u:{m}@mq/")),
        ("postgres://u:pa/ss@db/x", format!("postgres://u:{m}@db/x")),
        ("mongodb://u:p@h1:1,h2:2/db", format!("mongodb://u:{m}@h1:1,h2:2/db")),
        ("a://u:p@h1,b://v:q@h2", format!("a://u:{m}@h1,b://v:{m}@h2")),
        ("https://ghp_0123456789abcdefghij@github.com/x", format!("https://{m}@github.com/x")),
        ("ssh://git@host/x", "ssh://git@host/x".into()),
        ("http://host:8080/@scope/pkg", "http://host:8080/@scope/pkg".into()),
        ("dial tcp http://u:p@h: refused", format!("dial tcp http://u:{m}@h: refused")),
        ("see https://x.example/a?b=c#d", "see https://x.example/a?b=c#d".into()),
        ("https://x.example/a?token=abc&b=c", format!("https://x.example/a?token={m}&b=c")),
        ("http://a/?next=http://u:p@b/", format!("http://a/?next=http://u:{m}@b/")),
    ] {
        assert_eq!(text(raw), want);
    }
}

#[test]
fn free_text_loses_its_secrets() {
    let m = MASK;
    for (raw, want) in [
        ("Authorization: Bearer abc.def", format!("Authorization: {m}")),
        ("curl -H 'Authorization: Basic dTpw' x", format!("curl -H 'Authorization: {m}' x")),
        ("got Bearer abcdefgh1234, sorry", format!("got Bearer {m}, sorry")),
        ("password=hunter2 user=shop", format!("password={m} user=shop")),
        ("Server=db;Password=x y;Port=1", format!("Server=db;Password={m} y;Port=1")),
        (r#"{"token":"abc","n":1}"#, format!(r#"{{"token":"{m}","n":1}}"#)),
        ("password: hunter2", format!("password: {m}")),
        ("Unexpected token: }", "Unexpected token: }".into()),
        ("invalid key=/etc/tls.key", "invalid key=/etc/tls.key".into()),
        ("the key is missing", "the key is missing".into()),
    ] {
        assert_eq!(text(raw), want);
    }
}

fn masked(words: &[&str]) -> Vec<String> {
    args(&words.iter().map(ToString::to_string).collect::<Vec<_>>())
}

#[test]
fn command_lines_lose_their_secrets() {
    let m = MASK;
    for (raw, want) in [
        (&["app", "--password", "x", "--port", "80"][..], format!("app --password {m} --port 80")),
        (&["app", "--password=x"], format!("app --password={m}")),
        (&["app", "--api-key=x", "-v"], format!("app --api-key={m} -v")),
        (&["mongod", "--auth", "--bind_ip_all"], "mongod --auth --bind_ip_all".into()),
        (&["redis-server", "--requirepass", "x"], format!("redis-server --requirepass {m}")),
        (&["mysqladmin", "ping", "-uroot", "-px"], format!("mysqladmin ping -uroot -p{m}")),
        (&["docker", "-p", "80:80"], "docker -p 80:80".into()),
        (&["app", "--tls-key", "/etc/k.pem"], "app --tls-key /etc/k.pem".into()),
        (&["env", "TOKEN=x", "LEVEL=info", "app"], format!("env TOKEN={m} LEVEL=info app")),
        (&["curl", "-u", "me:x", "http://h"], format!("curl -u me:{m} http://h")),
        (&["curl", "-H", "Authorization: Bearer x"], format!("curl -H Authorization: {m}")),
        (&["redis-cli", "-a", "x", "ping"], format!("redis-cli -a {m} ping")),
        (
            &["sh", "-c", "mysqladmin ping -h db -psecret && PGPASSWORD=x psql"],
            format!("sh -c mysqladmin ping -h db -p{m} && PGPASSWORD={m} psql"),
        ),
        (&["CMD-SHELL", "redis-cli --pass x ping"], format!("CMD-SHELL redis-cli --pass {m} ping")),
        (&["sh", "-c", "app --password 'a b' --x"], format!("sh -c app --password {m} --x")),
    ] {
        assert_eq!(masked(raw).join(" "), want);
    }
}

#[test]
fn an_inspect_answer_is_masked_and_sanitised() {
    let mut value = json!({
        "Config": {
            "Env": ["DB_PASSWORD=hunter2", "PORT=80", "odd"],
            "Cmd": ["app", "--token", "abc"],
            "Labels": {"my.secret": "abc", "com.docker.compose.project": "shop", "url": "http://u:p@h"},
            "Healthcheck": {"Test": ["CMD-SHELL", "mysqladmin ping -psecret"]},
        },
        "NetworkSettings": {"SandboxKey": "/var/run/docker/netns/1"},
        "Name": "\u{1b}[31mx\u{9b}2J",
        "n": 1,
    });
    super::json(&mut value);
    assert_eq!(
        value,
        json!({
            "Config": {
                "Env": [format!("DB_PASSWORD={MASK}"), "PORT=80", "odd"],
                "Cmd": ["app", "--token", MASK],
                "Labels": {"my.secret": MASK, "com.docker.compose.project": "shop", "url": format!("http://u:{MASK}@h")},
                "Healthcheck": {"Test": ["CMD-SHELL", format!("mysqladmin ping -p{MASK}")]},
            },
            "NetworkSettings": {"SandboxKey": "/var/run/docker/netns/1"},
            "Name": "x",
            "n": 1,
        })
    );
}

proptest! {
    /// Whatever stands around it: a password of a URL, a flag or a secret variable never shows.
    #[test]
    fn a_password_never_shows(
        before in "[a-z ]{0,10}",
        password in "XQ[a-zA-Z0-9!$%*_.~-]{4,20}QX",
        after in "[a-z0-9 ]{0,10}",
    ) {
        for hidden in [
            text(&format!("{before} pg://u:{password}@db/{after}")),
            text(&format!("{before} password={password} {after}")),
            env("DATABASE_URL", &format!("pg://u:{password}@db/{after}")),
            env("MY_PASSWORD", &password),
            env("ANYTHING", &password),
            masked(&["app", &before, "--password", &password, &after]).join(" "),
            masked(&["sh", "-c", &format!("app --token={password} {after}")]).join(" "),
        ] {
            prop_assert!(!hidden.contains(&password), "{}", hidden);
        }
    }

    #[test]
    fn anything_is_taken(raw in "\\PC{0,60}", words in proptest::collection::vec("\\PC{0,12}", 0..6)) {
        let _ = (text(&raw), env(&raw, &raw), args(&words));
    }
}
