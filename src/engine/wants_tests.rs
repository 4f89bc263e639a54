#![allow(clippy::unwrap_used)]

use super::*;

/// `host:port by NAME` of everything found.
fn found(env: &[&str]) -> Vec<String> {
    let shown = |want: &Want| {
        let port = want.port.map(|port| format!(":{port}")).unwrap_or_default();
        format!("{}{port} by {}", want.host, want.how.word())
    };
    wants(env.iter().copied()).iter().map(shown).collect()
}

#[test]
fn hosts_and_ports_of_urls_and_nothing_else_of_them() {
    for (env, wanted) in [
        ("ORDER_SERVICE_URL=http://order:3006", &["order:3006 by ORDER_SERVICE_URL"][..]),
        ("DATABASE_URL=postgres://ann:p%40ss%2Fw@db:5432/shop?x=http", &["db:5432 by DATABASE_URL"]),
        ("DATABASE_URL=postgres://ann:p@ss:w@db/shop", &["db:5432 by DATABASE_URL"]),
        (
            "SPRING_URL=jdbc:postgresql://Orders-DB:5432/x?user=u&password=p",
            &["orders-db:5432 by SPRING_URL"],
        ),
        ("S=jdbc:sqlserver://db:1433;databaseName=x;user=sa;password=p", &["db:1433 by S"]),
        ("M=mongodb://u:p@m1,m2:27018/x?replicaSet=r", &["m1:27017 by M", "m2:27018 by M"]),
        ("A=amqp://guest:guest@rabbit//", &["rabbit:5672 by A"]),
        ("R=redis://:c4rt@cache", &["cache:6379 by R"]),
        ("PEERS=http://a:1, http://b/x,https://c", &["a:1 by PEERS", "b:80 by PEERS", "c:443 by PEERS"]),
        ("Z=nats://n1:4222,nats://n2:4222", &["n1:4222 by Z", "n2:4222 by Z"]),
        ("G=http://[fd00::1]:8080/x", &["fd00::1:8080 by G"]),
        ("DSN=user:pass@tcp(mysql:3306)/shop", &["mysql:3306 by DSN"]),
        (
            "ConnectionStrings__Db=Server=db,1433;Database=x;User Id=sa;Password=h",
            &["db:1433 by ConnectionStrings__Db"],
        ),
        ("PQ=host=db port=5433 user=u password=hunter2", &["db:5433 by PQ"]),
    ] {
        assert_eq!(found(&[env]), wanted, "{env}");
    }
}

#[test]
fn hosts_and_lists_by_the_name_of_the_variable() {
    assert_eq!(
        found(&["KAFKA_BROKERS=kafka1:9092,kafka2:9092"]),
        ["kafka1:9092 by KAFKA_BROKERS", "kafka2:9092 by KAFKA_BROKERS"]
    );
    assert_eq!(found(&["DB_PORT=5432", "DB_HOST=postgres"]), ["postgres:5432 by DB_HOST"]);
    assert_eq!(found(&["PGHOST=postgres", "PGPORT=5433"]), ["postgres:5433 by PGHOST"]);
    assert_eq!(found(&["db_host=pg", "db_port=1"]), ["pg:1 by db_host"]);
    assert_eq!(
        found(&["REDIS_ADDR=redis:6379", "REDIS_HOST=redis"]),
        ["redis by REDIS_HOST", "redis:6379 by REDIS_ADDR"]
    );
    // One host, two variables: both are told.
    assert_eq!(found(&["A=http://x:1", "B=http://x:1"]), ["x:1 by A", "x:1 by B"]);
}

#[test]
fn what_is_said_of_itself_or_of_its_callers_is_no_need() {
    let env = [
        "HOST=0.0.0.0",
        "HOSTNAME=3f2a9c",
        "CORS_ORIGIN=http://web:3000",
        "ALLOWED_HOSTS=shop.example.com",
        "KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://kafka:9092",
        "OAUTH_REDIRECT_URL=https://shop.example.com/cb",
        "NO_PROXY=db:80",
        "VIRTUAL_HOST=shop.example.com",
        "PYTHON_GET_PIP_URL=https://github.com/x/get-pip.py",
        "SRC=https://example.com/x.tar.gz",
        "NOTE=at 12:30, see x:y",
        "IMAGE=shop/api:12",
        "DEBUG_SERVER=true",
        "X=http://${HOST}/",
        "Y=://",
        "Z",
        "WALLET_ADDRESS=0xd8da6bf26964",
    ];
    assert_eq!(found(&env), [""; 0]);
}

#[test]
fn no_piece_of_a_secret_is_ever_kept() {
    // Secrets as they should not be written, too: unencoded, in the wrong place, in one word.
    let env = [
        "A=postgres://u:hunter2@db:5432/x",
        "B=postgres://u:hun/ter2@db:5432/x",
        "C=redis://:hunter2#x@cache:6379",
        "D=redis://hunter2/x@cache",
        "E=postgres://hunter2:12/ter@db",
        "F=https://hunter2:x-oauth@git.example.com/r.git",
        "G=mongodb://u:hunter2,ter@m1,m2/x",
        "BASIC_AUTH=hunter2:1234",
        "API_KEY=hunter2:80",
        "TOKEN=hunter2",
        "H=jdbc:mysql://hunter2:ter2@a:1,u2:hunter2@b:2/x",
        "I=amqp://u:hunter%2F2@mq/hunter2?k=hunter2",
        "J=Server=db;User Id=hunter2;Password=hunter2",
        "K=hunter2:ter2@tcp(db:3306)/hunter2",
        "AUTH_SERVER=d41d8cd98f00b204e9800998ecf8427e",
        "L=http://x/hunter2?hunter2#hunter2",
        "N=redis://default:hunter2@cache:6379,redis://default:hunter2@cache2:6379",
    ];
    let all = wants(env.iter().copied());
    let shown = format!("{all:?}");
    assert!(!shown.contains("hun") && !shown.contains("ter2") && !shown.contains("d41d"), "{shown}");
    for host in ["db", "git.example.com", "m1", "m2", "b", "mq", "x", "cache2"] {
        assert!(all.iter().any(|want| *want.host == *host), "{host}: {shown}");
    }
}

#[test]
fn hostile_environments_are_bounded_and_clean() {
    let many: Vec<String> = (0..5000).map(|n| format!("U{n}=http://h{n}:80")).collect();
    assert_eq!(wants(many.iter().map(String::as_str)).len(), MANY);
    assert_eq!(found(&["Q=http://\u{1b}[31mdb/"]), [""; 0]);
    let long = format!("L={}", "http://a ".repeat(5000));
    assert_eq!(found(&[&long]), [""; 0], "too long to be looked at");
    let all = wants(["E\u{1b}[31mVIL=http://db"].into_iter());
    assert!(!all[0].how.word().contains('\u{1b}'), "{all:?}");
}
