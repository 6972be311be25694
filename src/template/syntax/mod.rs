//! From text to AST: delimiters and overrides, tokens, Jinja2's grammar, and the cache of what was parsed already.

pub mod ast;
mod cache;
mod expression;
mod lexer;
mod literal;
mod overrides;
mod parser;
mod statement;
mod token;

pub use cache::{Source, parse};
pub use lexer::SyntaxError;
pub use overrides::{HEADER, SyntaxOverrides, parse_overrides};
pub use parser::Extensions;
