//! Fields behind a call, as in `ulmfit_predict(...).label`.
//!
//! DataFusion 55 parses this, and plans a field behind a call only where its name stands in quotes: `['label']`.

use std::ops::ControlFlow;

use datafusion::common::Result;
use datafusion::dataframe::DataFrame;
use datafusion::execution::context::SessionContext;
use datafusion::sql::parser::{CopyToSource, Statement};
use datafusion::sql::sqlparser::ast::{
    AccessExpr, Expr, Value, ValueWithSpan, VisitMut, visit_expressions_mut,
};
use datafusion::sql::sqlparser::tokenizer::Span;

/// Returns the rows of a statement: [`SessionContext::sql`], where a field of an answer may also be written
/// `ulmfit_predict(...).label`.
///
/// # Errors
/// As [`SessionContext::sql`].
pub async fn sql(context: &SessionContext, statement: &str) -> Result<DataFrame> {
    let state = context.state();
    let dialect = state.config().options().sql_parser.dialect;
    let mut statement = state.sql_to_statement(statement, &dialect)?;
    quote_fields(&mut statement);
    let plan = state.statement_to_plan(statement).await?;
    context.execute_logical_plan(plan).await
}

fn quote_fields(statement: &mut Statement) {
    match statement {
        Statement::Statement(statement) => quote_fields_in(&mut **statement),
        Statement::CopyTo(copy) => {
            if let CopyToSource::Query(query) = &mut copy.source {
                quote_fields_in(&mut **query);
            }
        }
        Statement::Explain(explain) => quote_fields(&mut explain.statement),
        Statement::CreateExternalTable(_) | Statement::Reset(_) => {}
    }
}

fn quote_fields_in(node: &mut impl VisitMut) {
    let visited: ControlFlow<()> = visit_expressions_mut(node, |expression| {
        if let Expr::CompoundFieldAccess { root, access_chain } = expression
            // Behind a name a dot may belong to the name of a table.
            && !matches!(**root, Expr::Identifier(_) | Expr::CompoundIdentifier(_))
        {
            access_chain.iter_mut().for_each(quote);
        }
        ControlFlow::Continue(())
    });
    debug_assert!(visited.is_continue());
}

/// `.name` as `.'name'`, in lowercase unless it stands in double quotes: as SQL reads the names of columns.
fn quote(access: &mut AccessExpr) {
    if let AccessExpr::Dot(field) = access
        && let Expr::Identifier(name) = field
    {
        let text = match name.quote_style {
            Some(_) => name.value.clone(),
            None => name.value.to_lowercase(),
        };
        *field = Expr::Value(ValueWithSpan {
            value: Value::SingleQuotedString(text),
            span: Span::empty(),
        });
    }
}
