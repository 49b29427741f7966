//! The table: a row for each scenario, a column for each driver.

use std::fmt;

use super::column::Column;

/// A scenario with all drivers.
#[derive(Clone, Debug)]
pub struct Row {
    /// The scenario.
    pub scenario: String,
    /// One for each driver.
    pub columns: Vec<Column>,
}

/// All rows.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// In the order of the files.
    pub rows: Vec<Row>,
}

impl Row {
    /// What is wrong with it, line by line.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        let deviations = self.columns.iter().flat_map(Column::deviations);
        let pairs = self.columns.windows(2);
        let differences = pairs.flat_map(|pair| match pair {
            [a, b] => a.differences(b),
            _ => Vec::new(),
        });
        deviations.chain(differences).collect()
    }
}

impl Table {
    /// The rows in which a column is not as the data says, or not as the other column.
    #[must_use]
    pub fn faulty(&self) -> Vec<&Row> {
        self.rows.iter().filter(|row| !row.faults().is_empty()).collect()
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.rows.iter().map(|row| row.scenario.chars().count()).max().unwrap_or(0);
        let drivers = self.rows.first().map(|row| row.columns.as_slice()).unwrap_or_default();
        write!(f, "{:width$}", "scenario")?;
        for column in drivers {
            write!(f, " | {:15}", column.driver)?;
        }
        for row in &self.rows {
            write!(f, "\n{:width$}", row.scenario)?;
            for column in &row.columns {
                let word = if column.is_as_expected() { "ok" } else { "differs" };
                write!(f, " | {word:7} {:5.2} s", column.took.as_secs_f64())?;
            }
            for fault in row.faults() {
                write!(f, "\n    {fault}")?;
            }
        }
        let checks: usize = self.rows.iter().flat_map(|row| &row.columns).map(|it| it.checks.len()).sum();
        let (rows, faulty) = (self.rows.len(), self.faulty().len());
        write!(f, "\n{rows} scenarios, {checks} checks, {faulty} scenarios that differ")
    }
}
