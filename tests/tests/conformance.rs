//! The conformance script: every scenario with every driver, and the table of what came of it.
#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::unwrap_used, reason = "a test")]

use std::path::Path;
use std::thread;

use keepstone_tests::conformance::{DRIVERS, Row, Table, load, run};

/// At least so many scenarios: a file that is not found tells no story.
const LEAST: usize = 200;

#[test]
fn the_columns_come_out_the_same_and_as_the_data_says() {
    let only = std::env::var("SCENARIO").ok();
    let mut table = Table::default();
    let mut known = std::collections::BTreeSet::new();
    for file in ["refusals", "bodies", "breakages", "waiting", "time", "sessions"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("conformance/{file}.json"));
        let text = std::fs::read_to_string(&path).expect("the file of scenarios");
        for scenario in load(&text).unwrap_or_else(|error| panic!("{file}.json: {error}")) {
            assert!(known.insert(scenario.name.clone()), "two scenarios are called {}", scenario.name);
            if only.as_ref().is_some_and(|only| !scenario.name.contains(only)) {
                continue;
            }
            let columns = thread::scope(|scope| {
                let side_by_side = DRIVERS.map(|driver| scope.spawn(|| run(&scenario, driver)));
                side_by_side.map(|column| column.join().expect("a column")).into()
            });
            table.rows.push(Row { scenario: format!("{file}: {}", scenario.name), columns });
        }
    }
    println!("{table}");
    assert!(known.len() >= LEAST, "{} scenarios", known.len());
    assert!(table.faulty().is_empty(), "{} scenarios came out wrong: see the table", table.faulty().len());
}
