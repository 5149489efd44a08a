//! Schedules as tables of names and values, so that files can hold them.

use std::sync::Arc;

use serde::de::{DeserializeOwned, Error as _};
use serde::ser::{Error as _, SerializeMap};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use toml::Value;

use super::{Schedule, ScheduleError, by_name};

/// The fields of a schedule by name, in their order.
pub type Fields = toml::Table;

/// The fields of a schedule that serde knows.
pub(super) fn of<S: Serialize>(schedule: &S) -> Option<Fields> {
    Fields::try_from(schedule).ok()
}

/// The schedule with `changed` in place of its own fields, checked.
pub(super) fn replaced<S>(schedule: &S, changed: Fields) -> Result<Arc<dyn Schedule>, ScheduleError>
where
    S: Schedule + Serialize + DeserializeOwned + 'static,
{
    let mut all = of(schedule).unwrap_or_default();
    all.extend(changed);
    let new: S = all.try_into().map_err(|error| ScheduleError::Fields {
        schedule: schedule.name(),
        message: message(&error),
    })?;
    new.check()?;
    Ok(Arc::new(new))
}

/// What went wrong and where, on one line.
pub(crate) fn message(error: &toml::de::Error) -> String {
    error.to_string().trim().replace('\n', " ")
}

/// Writes `{ name = "...", field = ..., ... }`: for `#[serde(with = "...")]`.
pub(crate) fn serialize<S: Serializer>(
    schedule: &Arc<dyn Schedule>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let name = schedule.name();
    let fields = schedule.fields().ok_or_else(|| {
        S::Error::custom(format!(
            "the schedule \"{name}\" cannot be written: implement `Schedule::fields`"
        ))
    })?;
    let mut map = serializer.serialize_map(Some(fields.len() + 1))?;
    map.serialize_entry("name", name)?;
    for (field, value) in &fields {
        map.serialize_entry(field, value)?;
    }
    map.end()
}

/// Reads what [`serialize`] writes; fields that are not there are those of the schedule's source.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Arc<dyn Schedule>, D::Error> {
    let mut fields = Fields::deserialize(deserializer)?;
    let name = match fields.remove("name") {
        Some(Value::String(name)) => name,
        Some(other) => {
            let found = format!("schedule: expected the `name` of one, found {other}");
            return Err(D::Error::custom(found));
        }
        None => {
            return Err(D::Error::custom(
                "schedule: expected a `name`, found none; write `{ name = \"one_cycle\" }`",
            ));
        }
    };
    by_name(&name)
        .and_then(|schedule| schedule.with_fields(fields))
        .map_err(D::Error::custom)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;
    use crate::schedule::ALL;

    #[derive(Debug, Serialize, Deserialize)]
    struct Held(#[serde(with = "crate::schedule::fields")] Arc<dyn Schedule>);

    fn read(json: &str) -> Result<Held, serde_json::Error> {
        serde_json::from_str(json)
    }

    #[test]
    fn every_schedule_comes_back_from_a_file() {
        for (name, make) in ALL {
            let written = serde_json::to_string(&Held(make().into())).unwrap();
            let Held(back) = read(&written).unwrap();
            assert_eq!(back.name(), *name);
            assert_eq!(back.fields(), make().fields(), "{name}");
            assert!(back.fields().is_some_and(|fields| !fields.is_empty()));
        }
    }

    #[test]
    fn fields_that_are_not_given_are_those_of_the_name() {
        let Held(v1) = read(r#"{"name": "one_cycle_v1", "div": 10}"#).unwrap();
        assert_eq!(v1.at(0, 100).rate, 0.1);
        assert_eq!(v1.at(0, 100).momentum, 0.95, "v1's own");
    }

    #[test]
    fn mistakes_are_named() {
        for (json, said) in [
            (r#"{"name": "one_cycle", "dif": 10}"#, "dif"),
            (r#"{"name": "one_cycle", "div": 0}"#, "div is 0"),
            (r#"{"name": "sgdr"}"#, "known: one_cycle"),
            (r#"{"div": 10}"#, "`name`"),
        ] {
            let message = read(json).unwrap_err().to_string();
            assert!(message.contains(said), "{message}");
        }
    }
}
