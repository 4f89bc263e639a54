use quarterdeck::config::*;
use quarterdeck::console;
use quarterdeck::engine::demo::{Demo, DemoOptions, Platform};
use std::sync::Arc;
fn main() {
    let env = |name: &str| std::env::var(name).ok();
    let paths = Paths::from_env(&env);
    let services = std::env::args().nth(1).and_then(|s| s.parse().ok());
    let engine = Arc::new(Demo::new(DemoOptions {
        platform: "group-buying".parse::<Platform>().unwrap(),
        services,
        seed: 7,
    }));
    let options = console::Options {
        engine,
        settings: Settings::default(),
        library: Library::new(&paths),
        paths,
        depth: Depth::detect(&env),
        glyphs: Glyphs::choose(None, &env),
        demo: true,
        warnings: vec![],
    };
    if let Err(e) = console::run(options) {
        eprintln!("{e}");
    }
}
