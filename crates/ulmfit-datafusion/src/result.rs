//! Answers as a column of structs.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array as _, ArrayRef, Float32Builder, ListBuilder, StringBuilder, StructArray, StructBuilder,
};
use datafusion::arrow::buffer::NullBuffer;
use datafusion::arrow::datatypes::{DataType, Field, Fields};
use datafusion::common::Result;
use ulmfit::model::{Prediction, Task};

use crate::model::{Answers, Model};

/// The fields of a model's answer; with `all` the probability of every class.
pub(crate) fn fields(model: &Model, all: bool) -> Fields {
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    let number = |name: &str| Field::new(name, DataType::Float32, true);
    let mut fields = match model.task() {
        Task::Regression { .. } => {
            return model.names().iter().map(|name| number(name)).collect();
        }
        Task::MultiLabel => vec![Field::new("labels", labels_type(), true)],
        Task::SingleLabel => Vec::new(),
    };
    fields.extend([text("label"), number("probability")]);
    if all {
        fields.push(Field::new("probabilities", probabilities_type(), true));
    }
    fields.into()
}

fn labels_type() -> DataType {
    DataType::List(Arc::new(Field::new_list_field(DataType::Utf8, true)))
}

fn pair() -> Fields {
    Fields::from(vec![
        Field::new("label", DataType::Utf8, true),
        Field::new("probability", DataType::Float32, true),
    ])
}

fn probabilities_type() -> DataType {
    DataType::List(Arc::new(Field::new_list_field(
        DataType::Struct(pair()),
        true,
    )))
}

/// A row for each entry of `valid`, filled with the answers where it is true and null elsewhere.
pub(crate) fn array(
    model: &Model,
    answers: Answers,
    valid: &[bool],
    fields: &Fields,
) -> Result<ArrayRef> {
    let columns = match answers {
        Answers::Classes(predictions) => {
            let rows = spread(predictions, valid);
            let columns = fields.iter();
            columns
                .map(|field| class_column(model, field.name(), &rows))
                .collect()
        }
        Answers::Numbers(numbers) => {
            let rows = spread(numbers, valid);
            let column = |index: usize| {
                let mut values = Float32Builder::with_capacity(rows.len());
                for row in &rows {
                    values.append_option(row.as_ref().map(|row| row[index]));
                }
                Arc::new(values.finish()) as ArrayRef
            };
            (0..fields.len()).map(column).collect()
        }
    };
    let nulls = NullBuffer::from(valid);
    let rows = StructArray::try_new_with_length(fields.clone(), columns, Some(nulls), valid.len())?;
    debug_assert_eq!(rows.len(), valid.len());
    Ok(Arc::new(rows))
}

/// The answers in the places of the texts that were not null.
fn spread<T>(answers: Vec<T>, valid: &[bool]) -> Vec<Option<T>> {
    let mut answers = answers.into_iter();
    let places = valid.iter();
    places
        .map(|valid| valid.then(|| answers.next()).flatten())
        .collect()
}

fn class_column(model: &Model, name: &str, rows: &[Option<Prediction>]) -> ArrayRef {
    match name {
        "label" => {
            let mut labels = StringBuilder::new();
            for row in rows {
                labels.append_option(row.as_ref().map(|row| &row.label));
            }
            Arc::new(labels.finish())
        }
        "probability" => {
            let mut values = Float32Builder::with_capacity(rows.len());
            for row in rows {
                values.append_option(row.as_ref().map(Prediction::confidence));
            }
            Arc::new(values.finish())
        }
        "labels" => {
            let mut lists = ListBuilder::new(StringBuilder::new());
            for row in rows {
                for label in row.iter().flat_map(|row| &row.labels) {
                    lists.values().append_value(label);
                }
                lists.append(row.is_some());
            }
            Arc::new(lists.finish())
        }
        _ => {
            let mut lists = ListBuilder::new(StructBuilder::from_fields(pair(), rows.len()));
            for row in rows {
                let all = row.iter().flat_map(|row| &row.probabilities);
                for (label, probability) in model.names().iter().zip(all) {
                    append_pair(lists.values(), label, *probability);
                }
                lists.append(row.is_some());
            }
            Arc::new(lists.finish())
        }
    }
}

fn append_pair(pairs: &mut StructBuilder, label: &str, probability: f32) {
    // Both builders are those that `pair` asks for.
    if let Some(labels) = pairs.field_builder::<StringBuilder>(0) {
        labels.append_value(label);
    }
    if let Some(values) = pairs.field_builder::<Float32Builder>(1) {
        values.append_value(probability);
    }
    pairs.append(true);
}
