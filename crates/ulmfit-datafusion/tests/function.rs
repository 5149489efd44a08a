//! `ulmfit_predict` in queries, beside what a predictor says of the same texts.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::sync::Arc;

use datafusion::arrow::array::{
    Array as _, ArrayRef, AsArray as _, Int64Array, LargeStringArray, StringArray, StringViewArray,
};
use datafusion::arrow::compute::concat_batches;
use datafusion::arrow::datatypes::Float32Type;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::datasource::MemTable;
use datafusion::logical_expr::ScalarUDF;
use datafusion::physical_plan::displayable;
use datafusion::prelude::{SessionConfig, SessionContext};
use tempfile::TempDir;
use ulmfit::model::{Predictor, Regressor};
use ulmfit::prelude::{Device, Task};
use ulmfit_datafusion::{Error, Model, Models, function, register, sql};

use support::{model_file, texts};

/// A context with a table `t` of the numbers and texts, the third of them null, in batches of seven rows.
fn context(models: Models, column: &dyn Fn(Vec<Option<String>>) -> ArrayRef) -> SessionContext {
    let context = SessionContext::new_with_config(SessionConfig::new().with_target_partitions(3));
    let mut all: Vec<Option<String>> = texts(40).into_iter().map(Some).collect();
    all[2] = None;
    let number = |first: usize, n: usize| -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(
            (first..first + n).map(|i| i as i64),
        ))
    };
    let batches: Vec<RecordBatch> = all
        .chunks(7)
        .enumerate()
        .map(|(i, part)| {
            let columns = [
                ("n", number(i * 7, part.len()), false),
                ("body", column(part.to_vec()), true),
            ];
            RecordBatch::try_from_iter_with_nullable(columns).unwrap()
        })
        .collect();
    let schema = batches[0].schema();
    let parts: Vec<Vec<RecordBatch>> = batches.chunks(2).map(<[RecordBatch]>::to_vec).collect();
    let table = MemTable::try_new(schema, parts).unwrap();
    context.register_table("t", Arc::new(table)).unwrap();
    register(&context, models);
    context
}

fn utf8(texts: Vec<Option<String>>) -> ArrayRef {
    Arc::new(StringArray::from(texts))
}

async fn rows(context: &SessionContext, query: &str) -> RecordBatch {
    let frame = sql(context, query).await.unwrap();
    let schema = Arc::clone(frame.schema().inner());
    let batches = frame.collect().await.unwrap();
    concat_batches(&schema, &batches).unwrap()
}

async fn refused(context: &SessionContext, query: &str) -> String {
    let message = match sql(context, query).await {
        Err(error) => error,
        Ok(frame) => frame.collect().await.unwrap_err(),
    };
    message.to_string()
}

fn stars(folder: &TempDir) -> (Models, Predictor) {
    let path = model_file(folder, "stars", Task::SingleLabel, &["neg", "pos"], 1);
    let models = Models::new().with("stars", Model::load(&path).unwrap());
    let predictor = Predictor::load(&path, &Device::default()).unwrap();
    (models.unwrap(), predictor)
}

#[tokio::test]
async fn every_kind_of_text_gives_the_predictors_answers_and_nulls_for_nulls() {
    let folder = TempDir::new().unwrap();
    let (models, predictor) = stars(&folder);
    let expected = predictor.predict_all(&texts(40));
    let columns: [&dyn Fn(Vec<Option<String>>) -> ArrayRef; 3] = [
        &utf8,
        &|texts| Arc::new(LargeStringArray::from(texts)),
        &|texts| Arc::new(StringViewArray::from_iter(texts)),
    ];
    for column in columns {
        let context = context(models.clone(), column);
        let sql = "SELECT p.label, p.probability, p FROM \
                   (SELECT n, ulmfit_predict('stars', body) AS p FROM t) ORDER BY n";
        let found = rows(&context, sql).await;
        let (labels, probabilities) = (
            found.column(0).as_string::<i32>(),
            found.column(1).as_primitive::<Float32Type>(),
        );
        assert_eq!(found.num_rows(), 40);
        for (row, expected) in expected.iter().enumerate() {
            if row == 2 {
                assert!(found.column(2).is_null(row) && labels.is_null(row));
                continue;
            }
            assert_eq!(labels.value(row), expected.label);
            assert!((probabilities.value(row) - expected.confidence()).abs() < 1e-5);
        }
    }
}

#[tokio::test]
async fn all_probabilities_come_when_they_are_asked_for() {
    let folder = TempDir::new().unwrap();
    let (models, predictor) = stars(&folder);
    let context = context(models, &utf8);
    let sql = "SELECT u['label'] AS label, u['probability'] AS probability FROM \
               (SELECT n, unnest(ulmfit_predict('stars', body, true).probabilities) AS u FROM t WHERE n < 2) \
               ORDER BY n, label";
    let found = rows(&context, sql).await;
    let expected: Vec<f32> = predictor
        .predict_all(&texts(2))
        .into_iter()
        .flat_map(|prediction| prediction.probabilities)
        .collect();
    let labels: Vec<Option<&str>> = found.column(0).as_string::<i32>().iter().collect();
    assert_eq!(labels, [Some("neg"), Some("pos"), Some("neg"), Some("pos")]);
    let values = found.column(1).as_primitive::<Float32Type>().values();
    for (value, expected) in values.iter().zip(expected) {
        assert!((value - expected).abs() < 1e-5);
    }
}

#[tokio::test]
async fn labels_of_several_and_numbers_have_fields_of_their_own() {
    let folder = TempDir::new().unwrap();
    let names = ["comedy", "drama", "crime"];
    let tags = model_file(&folder, "tags", Task::MultiLabel, &names, 2);
    let task = Task::Regression { range: None };
    let price = model_file(&folder, "price", task, &["price"], 3);
    let models = Models::new()
        .with("tags", Model::load(&tags).unwrap())
        .and_then(|models| models.with("price", Model::load(&price)?))
        .unwrap();
    let context = context(models, &utf8);
    let sql = "SELECT ulmfit_predict('tags', body).labels AS labels, ulmfit_predict('price', body).price AS price \
               FROM t WHERE n <> 2 ORDER BY n";
    let found = rows(&context, sql).await;
    let mut asked = texts(40);
    asked.remove(2);
    let tags = Predictor::load(&tags, &Device::default()).unwrap();
    let prices = Regressor::load(&price, &Device::default()).unwrap();
    let (tags, prices) = (tags.predict_all(&asked), prices.predict_all(&asked));
    let (labels, values) = (
        found.column(0).as_list::<i32>(),
        found.column(1).as_primitive::<Float32Type>(),
    );
    assert!(
        tags.iter().any(|tags| tags.labels.len() != 1),
        "not all alike"
    );
    for (row, (tags, price)) in tags.iter().zip(prices).enumerate() {
        let list = labels.value(row);
        let found: Vec<&str> = list.as_string::<i32>().iter().flatten().collect();
        assert_eq!(found, tags.labels);
        assert!((values.value(row) - price[0]).abs() < 1e-4);
    }
}

#[tokio::test]
async fn groups_files_and_constants_work_as_with_any_function() {
    let folder = TempDir::new().unwrap();
    let (models, predictor) = stars(&folder);
    let context = context(models, &utf8).enable_url_table();
    let file = folder.path().join("scored.parquet");
    let copy = format!(
        "COPY (SELECT n, ulmfit_predict('stars', body).label AS label FROM t) TO '{}'",
        file.display()
    );
    rows(&context, &copy).await;
    let sql = format!(
        "SELECT label, count(*) FROM '{}' WHERE label IS NOT NULL GROUP BY 1 ORDER BY 1",
        file.display()
    );
    let counted = rows(&context, &sql).await;
    let counts = counted
        .column(1)
        .as_primitive::<datafusion::arrow::datatypes::Int64Type>();
    assert_eq!(counts.values().iter().sum::<i64>(), 39);

    let one = rows(
        &context,
        "SELECT ulmfit_predict('stars', 'a lovely film').label",
    )
    .await;
    let label = predictor.predict("a lovely film").label;
    assert_eq!(one.column(0).as_string::<i32>().value(0), label);
    let none = rows(&context, "SELECT ulmfit_predict('stars', NULL) IS NULL").await;
    assert!(none.column(0).as_boolean().value(0));
}

#[tokio::test]
async fn mistakes_are_told_with_what_to_do() {
    let folder = TempDir::new().unwrap();
    let (models, _) = stars(&folder);
    let context = context(models.clone(), &utf8);
    for (sql, parts) in [
        (
            "SELECT ulmfit_predict('star', body) FROM t",
            &["no model is called `star`", "known: stars"][..],
        ),
        (
            "SELECT ulmfit_predict(body, body) FROM t",
            &["the name of a model as a constant text", "known: stars"],
        ),
        (
            "SELECT ulmfit_predict('stars', n) FROM t",
            &["expected texts", "Int64", "CAST"],
        ),
        (
            "SELECT ulmfit_predict('stars', body, n > 3) FROM t",
            &["constant true or false"],
        ),
        (
            "SELECT ulmfit_predict('stars') FROM t",
            &["found 1 arguments"],
        ),
        (
            "SELECT ulmfit_predict('stars@0123', body) FROM t",
            &["of digest 0123", "give every machine the same file"],
        ),
    ] {
        let message = refused(&context, sql).await;
        for part in parts {
            assert!(message.contains(part), "{sql}: {message}");
        }
    }
    let again = model_file(&folder, "again", Task::SingleLabel, &["neg", "pos"], 4);
    let twice = models.with("stars", Model::load(again).unwrap());
    assert!(matches!(twice, Err(Error::Twice { name }) if name == "stars"));
    let absent = Model::load(folder.path().join("absent")).unwrap_err();
    assert!(absent.to_string().contains("absent"), "{absent}");
}

#[tokio::test]
async fn a_plan_holds_the_digest_of_its_model() {
    let folder = TempDir::new().unwrap();
    let (models, _) = stars(&folder);
    let digest = Model::load(folder.path().join("stars"))
        .unwrap()
        .digest()
        .to_owned();
    let context = context(models, &utf8);
    let plan = rows(
        &context,
        "EXPLAIN SELECT ulmfit_predict('stars', body).label FROM t",
    )
    .await;
    let plan = plan
        .column(1)
        .as_string::<i32>()
        .iter()
        .flatten()
        .collect::<String>();
    assert!(plan.contains(&format!("stars@{digest}")), "{plan}");
}

#[tokio::test]
async fn several_fields_of_an_answer_take_one_call() {
    let folder = TempDir::new().unwrap();
    let (models, _) = stars(&folder);
    let context = context(models, &utf8);
    let call = "ulmfit_predict('stars', body)";
    for query in [
        format!("SELECT {call}.label, {call}.probability FROM t"),
        format!("SELECT p.label, p.probability FROM (SELECT {call} AS p FROM t)"),
    ] {
        let frame = sql(&context, &query).await.unwrap();
        let plan = frame.create_physical_plan().await.unwrap();
        let plan = displayable(plan.as_ref()).indent(false).to_string();
        assert_eq!(plan.matches("ulmfit_predict(stars@").count(), 1, "{plan}");
    }
}

#[test]
fn functions_are_equal_where_their_files_are() {
    let folder = TempDir::new().unwrap();
    let file = model_file(&folder, "a", Task::SingleLabel, &["neg", "pos"], 1);
    let other = model_file(&folder, "b", Task::SingleLabel, &["neg", "pos"], 2);
    let of = |name: &str, file: &std::path::Path| -> ScalarUDF {
        function(
            Models::new()
                .with(name, Model::load(file).unwrap())
                .unwrap(),
        )
    };
    assert_eq!(of("m", &file), of("m", &file));
    assert_ne!(of("m", &file), of("m", &other));
    assert_ne!(of("m", &file), of("n", &file));
    let model = Model::load(&file).unwrap().quantized();
    let rounded = function(Models::new().with("m", model).unwrap());
    assert_ne!(of("m", &file), rounded);
}
