//! Jinja2's own tests.

use crate::error::Result;
use crate::template::context::{Args, Context};
use crate::template::eval::{has_filter, has_test, objects, ops, strings};
use crate::template::registry::Test;
use crate::template::syntax::ast::{BinOp, CmpOp};
use crate::value::Value;
use std::sync::Arc;

#[rustfmt::skip]
pub const TESTS: &[Test] = &[
    Test::new("odd", |_, value, args| remainder(&value, &Value::Int(2), args, "test_odd").map(|rest| rest == Value::Int(1))),
    Test::new("even", |_, value, args| remainder(&value, &Value::Int(2), args, "test_even").map(|rest| rest == Value::Int(0))),
    Test::new("divisibleby", divisibleby),
    Test::new("defined", |_, value, args| alone(args, "test_defined").map(|()| !value.is_undefined())).undefined(),
    Test::new("undefined", |_, value, args| alone(args, "test_undefined").map(|()| value.is_undefined())).undefined(),
    Test::new("filter", |ctx, value, _| Ok(has_filter(ctx.environment(), &value.to_text()))),
    Test::new("test", |ctx, value, _| Ok(has_test(ctx.environment(), &value.to_text()))),
    Test::new("none", |_, value, args| alone(args, "test_none").map(|()| value.is_none())),
    Test::new("boolean", |_, value, args| alone(args, "test_boolean").map(|()| matches!(value, Value::Bool(_)))),
    Test::new("false", |_, value, args| alone(args, "test_false").map(|()| matches!(value, Value::Bool(false)))),
    Test::new("true", |_, value, args| alone(args, "test_true").map(|()| matches!(value, Value::Bool(true)))),
    Test::new("integer", |_, value, args| alone(args, "test_integer").map(|()| matches!(value, Value::Int(_) | Value::BigInt(_)))),
    Test::new("float", |_, value, args| alone(args, "test_float").map(|()| matches!(value, Value::Float(_)))),
    Test::new("lower", |_, value, args| alone(args, "test_lower").map(|()| strings::is_case(&value.to_text(), false))),
    Test::new("upper", |_, value, args| alone(args, "test_upper").map(|()| strings::is_case(&value.to_text(), true))),
    Test::new("string", |_, value, args| alone(args, "test_string").map(|()| matches!(value, Value::Str(_)))),
    Test::new("mapping", |_, value, args| alone(args, "test_mapping").map(|()| is_mapping(&value))),
    Test::new("number", |_, value, args| alone(args, "test_number").map(|()| value.as_f64().is_some())),
    Test::new("sequence", |_, value, args| alone(args, "test_sequence").map(|()| is_sequence(&value))),
    Test::new("iterable", |_, value, args| alone(args, "test_iterable").map(|()| is_iterable(&value))),
    Test::new("callable", |_, value, args| alone(args, "callable").map(|()| is_callable(&value))),
    Test::new("sameas", sameas),
    Test::new("escaped", |_, _, args| alone(args, "test_escaped").map(|()| false)),
    Test::new("in", contained),
    Test::new("==", |_, value, args| compare(CmpOp::Eq, &value, args)),
    Test::new("eq", |_, value, args| compare(CmpOp::Eq, &value, args)),
    Test::new("equalto", |_, value, args| compare(CmpOp::Eq, &value, args)),
    Test::new("!=", |_, value, args| compare(CmpOp::Ne, &value, args)),
    Test::new("ne", |_, value, args| compare(CmpOp::Ne, &value, args)),
    Test::new(">", |_, value, args| compare(CmpOp::Gt, &value, args)),
    Test::new("gt", |_, value, args| compare(CmpOp::Gt, &value, args)),
    Test::new("greaterthan", |_, value, args| compare(CmpOp::Gt, &value, args)),
    Test::new(">=", |_, value, args| compare(CmpOp::Ge, &value, args)),
    Test::new("ge", |_, value, args| compare(CmpOp::Ge, &value, args)),
    Test::new("<", |_, value, args| compare(CmpOp::Lt, &value, args)),
    Test::new("lt", |_, value, args| compare(CmpOp::Lt, &value, args)),
    Test::new("lessthan", |_, value, args| compare(CmpOp::Lt, &value, args)),
    Test::new("<=", |_, value, args| compare(CmpOp::Le, &value, args)),
    Test::new("le", |_, value, args| compare(CmpOp::Le, &value, args)),
];

/// No arguments besides the value.
fn alone(mut args: Args, name: &str) -> Result<()> {
    args.finish(name)
}

fn remainder(value: &Value, by: &Value, args: Args, name: &str) -> Result<Value> {
    alone(args, name)?;
    ops::binary(BinOp::Mod, value, by)
}

fn divisibleby(_: &mut dyn Context, value: Value, mut args: Args) -> Result<bool> {
    let by = args.require("test_divisibleby", "num")?;
    args.finish("test_divisibleby")?;
    Ok(ops::binary(BinOp::Mod, &value, &by)? == Value::Int(0))
}

fn compare(op: CmpOp, value: &Value, mut args: Args) -> Result<bool> {
    let other = args.require("eq", "b")?;
    ops::compare(op, value, &other)
}

fn contained(_: &mut dyn Context, value: Value, mut args: Args) -> Result<bool> {
    let container = args.require("test_in", "seq")?;
    args.finish("test_in")?;
    ops::contains(&container, &value)
}

fn sameas(_: &mut dyn Context, value: Value, mut args: Args) -> Result<bool> {
    let other = args.require("test_sameas", "other")?;
    args.finish("test_sameas")?;
    Ok(match (&value, &other) {
        (Value::List(a), Value::List(b)) | (Value::Tuple(a), Value::Tuple(b)) => Arc::ptr_eq(a, b),
        (Value::Dict(a), Value::Dict(b)) => Arc::ptr_eq(a, b),
        (Value::Set(a), Value::Set(b)) => Arc::ptr_eq(a, b),
        // scalars have no identity here; equal ones of one type are taken for the same
        (a, b) => std::mem::discriminant(a) == std::mem::discriminant(b) && a == b,
    })
}

fn is_mapping(value: &Value) -> bool {
    match value {
        Value::Dict(_) => true,
        Value::Object(object) => object.keys().is_some(),
        _ => false,
    }
}

fn is_sequence(value: &Value) -> bool {
    match value {
        Value::Str(_) | Value::Bytes(_) | Value::List(_) | Value::Tuple(_) | Value::Dict(_) => true,
        Value::Object(object) => object.len().is_some() && !object.as_any().is::<objects::Loop>(),
        _ => false,
    }
}

fn is_iterable(value: &Value) -> bool {
    match value {
        Value::Str(_) | Value::Bytes(_) | Value::List(_) | Value::Tuple(_) | Value::Dict(_) | Value::Set(_) => true,
        Value::Undefined(undefined) => undefined.lenient,
        Value::Object(object) => object.iterate().is_some(),
        _ => false,
    }
}

fn is_callable(value: &Value) -> bool {
    use objects::{BlockRef, FunctionRef, Joiner, Loop, MacroRef, Method};
    let Value::Object(object) = value else {
        return false;
    };
    let any = object.as_any();
    any.is::<FunctionRef>()
        || any.is::<MacroRef>()
        || any.is::<Method>()
        || any.is::<BlockRef>()
        || any.is::<Joiner>()
        || any.is::<Loop>()
}
