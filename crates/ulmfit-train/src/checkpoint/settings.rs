//! What every number of a run follows from, and the refusal to go on with another run's checkpoint.

use std::fmt::Debug;
use std::path::Path;

use burn::module::Module;
use ulmfit_kernels::MatmulPrecision;

use super::file::Writer;
use super::params::write_module;
use crate::error::{Error, Result};
use crate::fit::FitConfig;
use crate::stage::Stage;

/// Settings by name, the ones that a message should name first before the others.
pub(crate) struct Settings(Vec<(String, String)>);

impl Settings {
    /// Those that every loop has.
    pub(crate) fn of(fit: &FitConfig<'_>, stages: &[Stage]) -> Self {
        let mut settings = Self(Vec::new());
        settings.add("seed", &fit.seed);
        settings.add("precision", &MatmulPrecision::current());
        settings.add("optimizer", &fit.optimizer);
        settings.add("accumulate", &fit.accumulate);
        settings.add("weighting", &fit.weighting);
        settings.add("number of stages", &stages.len());
        for (index, stage) in stages.iter().enumerate() {
            settings.add(&format!("stage {}", index + 1), stage);
        }
        settings
    }

    /// Adds a setting.
    pub(crate) fn add(&mut self, name: &str, value: &impl Debug) {
        self.0.push((name.to_owned(), format!("{value:?}")));
    }

    /// Adds the values at which training starts.
    pub(super) fn add_weights<M: Module>(&mut self, model: &M) {
        let mut writer = Writer::default();
        write_module(&mut writer, "model", model);
        self.add("weights at the start", &writer.digest());
    }

    pub(super) fn list(&self) -> &[(String, String)] {
        &self.0
    }

    /// Compares with the run that a checkpoint is of.
    pub(super) fn compare(&self, there: &[(String, String)], path: &Path) -> Result<()> {
        let value = |list: &[(String, String)], name: &str| {
            let found = list.iter().find(|(known, _)| known == name);
            found.map_or_else(|| "nothing".to_owned(), |(_, value)| value.clone())
        };
        let names = self.0.iter().chain(there).map(|(name, _)| name);
        let mut differ: Vec<&String> = Vec::new();
        for name in names {
            if value(&self.0, name) != value(there, name) && !differ.contains(&name) {
                differ.push(name);
            }
        }
        let Some((first, others)) = differ.split_first() else {
            return Ok(());
        };
        let others: Vec<String> = others.iter().map(|name| format!("`{name}`")).collect();
        Err(Error::OtherRun {
            path: path.to_owned(),
            setting: (*first).clone(),
            expected: value(&self.0, first),
            found: value(there, first),
            others: match others.is_empty() {
                true => String::new(),
                false => format!(" (and another {})", others.join(", ")),
            },
        })
    }
}
