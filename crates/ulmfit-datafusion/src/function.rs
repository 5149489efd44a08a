//! The function itself: which model, which texts, and how a query holds on to the model that it was planned with.

use std::sync::{Arc, Mutex, PoisonError};

use datafusion::arrow::array::{Array, ArrayRef, AsArray as _};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, ScalarValue, exec_err, internal_err, plan_err};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};

use crate::model::{Model, Models};
use crate::result;

/// The name of the function.
pub const FUNCTION: &str = "ulmfit_predict";

/// Partitions take turns: the kernels already use every core for one batch, and two batches at once would fight for them.
static TURN: Mutex<()> = Mutex::new(());

/// `ulmfit_predict(model, text [, all])`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Predict {
    models: Models,
    signature: Signature,
}

impl Predict {
    pub(crate) fn new(models: Models) -> Self {
        Self {
            models,
            signature: Signature::user_defined(Volatility::Immutable),
        }
    }

    /// The model that the first argument names, `name` or `name@digest`.
    fn model(&self, argument: Option<&ScalarValue>) -> Result<(&str, &Arc<Model>)> {
        let Some(Some(Some(asked))) = argument.map(ScalarValue::try_as_str) else {
            return plan_err!(
                "{FUNCTION}: expected the name of a model as a constant text, found {}; known: {}",
                argument.map_or_else(|| "a column".to_owned(), |value| format!("{value:?}")),
                self.known()
            );
        };
        let (name, digest) = match asked.split_once('@') {
            Some((name, digest)) => (name, Some(digest)),
            None => (asked, None),
        };
        let Some((name, model)) = self.models.find(name) else {
            return plan_err!(
                "{FUNCTION}: no model is called `{name}` on this machine; known: {}",
                self.known()
            );
        };
        match digest {
            Some(digest) if digest != model.digest() => exec_err!(
                "{FUNCTION}: the query was planned with the model `{name}` of digest {digest}, this machine has {}; give every machine the same file",
                model.digest()
            ),
            _ => Ok((name, model)),
        }
    }

    fn known(&self) -> String {
        let names: Vec<&str> = self.models.names().collect();
        match names.is_empty() {
            true => "none".to_owned(),
            false => names.join(", "),
        }
    }
}

impl ScalarUDFImpl for Predict {
    fn name(&self) -> &str {
        FUNCTION
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        let (2 | 3) = given.len() else {
            return plan_err!(
                "{FUNCTION}: expected a model and a text, and `true` for all probabilities, found {} arguments",
                given.len()
            );
        };
        let text = match &given[1] {
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => given[1].clone(),
            DataType::Null => DataType::Utf8,
            DataType::Dictionary(_, value) if value.is_string() => DataType::Utf8,
            other => {
                return plan_err!(
                    "{FUNCTION}: expected texts as its second argument, found {other}; CAST(... AS VARCHAR) makes texts of it"
                );
            }
        };
        let mut types = vec![DataType::Utf8, text];
        if let Some(all) = given.get(2) {
            if !matches!(all, DataType::Boolean | DataType::Null) {
                return plan_err!(
                    "{FUNCTION}: expected true or false as its third argument, found {all}"
                );
            }
            types.push(DataType::Boolean);
        }
        Ok(types)
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        internal_err!("{FUNCTION}: its type depends on the model")
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let (_, model) = self.model(args.scalar_arguments.first().copied().flatten())?;
        let all = match args.scalar_arguments.get(2) {
            None => false,
            Some(value) => all(*value)?,
        };
        let kind = DataType::Struct(result::fields(model, all));
        Ok(Arc::new(Field::new(FUNCTION, kind, true)))
    }

    /// Writes the model's digest beside its name, so that whoever runs the plan can tell whether it has the same one.
    fn simplify(&self, mut args: Vec<Expr>, _: &SimplifyContext) -> Result<ExprSimplifyResult> {
        let Some(Expr::Literal(asked, metadata)) = args.first() else {
            return Ok(ExprSimplifyResult::Original(args));
        };
        let (name, model) = self.model(Some(asked))?;
        let pinned = ScalarValue::Utf8(Some(format!("{name}@{}", model.digest())));
        if *asked == pinned {
            return Ok(ExprSimplifyResult::Original(args));
        }
        args[0] = Expr::Literal(pinned, metadata.clone());
        let function = Arc::new(ScalarUDF::new_from_impl(self.clone()));
        let call = ScalarFunction::new_udf(function, args);
        Ok(ExprSimplifyResult::Simplified(Expr::ScalarFunction(call)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let ScalarFunctionArgs {
            args,
            number_rows,
            return_field,
            ..
        } = args;
        let [ColumnarValue::Scalar(asked), text, ..] = &args[..] else {
            return plan_err!(
                "{FUNCTION}: expected the name of a model as a constant text, found a column"
            );
        };
        let (_, model) = self.model(Some(asked))?;
        let DataType::Struct(fields) = return_field.data_type() else {
            return internal_err!("{FUNCTION}: planned as {}", return_field.data_type());
        };
        match text {
            ColumnarValue::Array(texts) => {
                debug_assert_eq!(texts.len(), number_rows);
                Ok(ColumnarValue::Array(rows(model, texts, fields)?))
            }
            ColumnarValue::Scalar(text) => {
                let one = rows(model, &text.to_array()?, fields)?;
                let value = ScalarValue::try_from_array(&one, 0)?;
                Ok(ColumnarValue::Scalar(value))
            }
        }
    }
}

/// The third argument.
fn all(value: Option<&ScalarValue>) -> Result<bool> {
    match value {
        Some(ScalarValue::Boolean(all)) => Ok(all.unwrap_or(false)),
        _ => plan_err!("{FUNCTION}: expected the constant true or false as its third argument"),
    }
}

/// An answer for each text; nulls for nulls.
fn rows(
    model: &Model,
    texts: &ArrayRef,
    fields: &datafusion::arrow::datatypes::Fields,
) -> Result<ArrayRef> {
    let texts: Vec<Option<&str>> = match texts.data_type() {
        DataType::Utf8 => texts.as_string::<i32>().iter().collect(),
        DataType::LargeUtf8 => texts.as_string::<i64>().iter().collect(),
        DataType::Utf8View => texts.as_string_view().iter().collect(),
        other => return internal_err!("{FUNCTION}: planned with texts, found {other}"),
    };
    let present: Vec<&str> = texts.iter().copied().flatten().collect();
    let answers = {
        let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        model.answer(&present)
    };
    let valid: Vec<bool> = texts.iter().map(Option::is_some).collect();
    result::array(model, answers, &valid, fields)
}
