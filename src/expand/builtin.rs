//! What expressions have: filters, functions and tests, each with a sentence and an example.
//!
//! One table serves hints for unknown names and the page of the book. A test evaluates every example.

/// A filter, a function or a test.
#[derive(Clone, Copy, Debug)]
pub struct Builtin {
    /// The name.
    pub name: &'static str,
    /// What it gives, or when it holds.
    pub summary: &'static str,
    /// An expression that uses it.
    pub example: &'static str,
    /// The text that the expression gives.
    pub gives: &'static str,
}

const fn word(name: &'static str, summary: &'static str, example: &'static str, gives: &'static str) -> Builtin {
    Builtin { name, summary, example, gives }
}

/// Filters: `VALUE | NAME`.
pub const FILTERS: &[Builtin] = &[
    word("abs", "the number without its sign", "-3 | abs", "3"),
    word("attr", "the value of a key, given as a text", r#"{"a": 1} | attr("a")"#, "1"),
    word(
        "batch",
        "lists of so many items each; the second argument fills up the last one",
        "[1, 2, 3] | batch(2) | list | tojson",
        "[[1, 2], [3]]",
    ),
    word("bool", "true or false, as the value counts in a condition", r#""" | bool"#, "false"),
    word("capitalize", "the first letter in upper case, all others in lower case", r#""eU" | capitalize"#, "Eu"),
    word(
        "chain",
        "two lists, one after the other, or two mappings in one",
        r#"[1, 2] | chain([3]) | join(",")"#,
        "1,2,3",
    ),
    word("count", "the same as `length`", r#"["eu", "us"] | count"#, "2"),
    word(
        "default",
        "another value where there is none; with `true` also where it is empty",
        r#""" | default("none", true)"#,
        "none",
    ),
    word(
        "dictsort",
        "the keys and values of a mapping as a list of pairs, sorted by key",
        r#"{"b": 2, "a": 1} | dictsort | tojson"#,
        r#"[["a", 1], ["b", 2]]"#,
    ),
    word("escape", "the text with the marks of HTML and XML escaped", r#""a < b" | escape"#, "a &lt; b"),
    word("first", "the first item or letter", r#"["eu", "us"] | first"#, "eu"),
    word("float", "the number with a fraction", r#""1.5" | float + 1"#, "2.5"),
    word("format", "the text with values put in, as `printf` does", r#""%03d" | format(7)"#, "007"),
    word(
        "groupby",
        "the items in groups, by the value of a key",
        r#"[{"z": "a", "n": 1}, {"z": "b", "n": 2}] | groupby("z") | map("first") | join(",")"#,
        "a,b",
    ),
    word(
        "indent",
        "all lines but the first indented by so many blanks",
        r#""a\nb" | indent(2) | tojson"#,
        r#""a\n  b""#,
    ),
    word("int", "the whole number", r#""5" | int + 1"#, "6"),
    word(
        "items",
        "the keys and values of a mapping as a list of pairs",
        r#"{"a": 1} | items | list | tojson"#,
        r#"[["a", 1]]"#,
    ),
    word("join", "the items as one text, with a text between them", r#"["eu", "us"] | join("-")"#, "eu-us"),
    word("last", "the last item or letter", r#"["eu", "us"] | last"#, "us"),
    word("length", "how many items, keys or letters there are", r#"["eu", "us"] | length"#, "2"),
    word("lines", "the lines of a text as a list", r#""a\nb" | lines | join(",")"#, "a,b"),
    word(
        "list",
        "the value as a list: the keys of a mapping, the letters of a text",
        r#"{"a": 1, "b": 2} | list | join(",")"#,
        "a,b",
    ),
    word("lower", "all letters in lower case", r#""EU" | lower"#, "eu"),
    word(
        "map",
        "each item passed through a filter, or replaced by the value of its key",
        r#"["eu", "us"] | map("upper") | join(",")"#,
        "EU,US",
    ),
    word("max", "the largest item", "[3, 1, 2] | max", "3"),
    word("min", "the smallest item", "[3, 1, 2] | min", "1"),
    word("pprint", "the value as a developer reads it", r#""eu" | pprint"#, "'eu'"),
    word("reject", "the items for which a test fails", r#"[1, 2, 3] | reject("odd") | join(",")"#, "2"),
    word(
        "rejectattr",
        "the items for which a test of one of their keys fails",
        r#"[{"n": "a", "gpu": true}, {"n": "b", "gpu": false}] | rejectattr("gpu") | map(attribute="n") | join(",")"#,
        "b",
    ),
    word(
        "replace",
        "the text with one part replaced by another, everywhere",
        r#""eu.west.1" | replace(".", "-")"#,
        "eu-west-1",
    ),
    word("reverse", "the items or letters from the last to the first", r#"[1, 2, 3] | reverse | join(",")"#, "3,2,1"),
    word("round", "the number, rounded; the argument is how many digits stay", "2.567 | round(1)", "2.6"),
    word("safe", "the same value; there is nothing to escape here", r#""a" | safe"#, "a"),
    word("select", "the items for which a test holds", r#"[1, 2, 3] | select("odd") | join(",")"#, "1,3"),
    word(
        "selectattr",
        "the items for which a test of one of their keys holds",
        r#"[{"n": "a", "gpu": true}, {"n": "b", "gpu": false}] | selectattr("gpu") | map(attribute="n") | join(",")"#,
        "a",
    ),
    word(
        "slice",
        "so many lists that share the items evenly",
        "[1, 2, 3, 4] | slice(2) | list | tojson",
        "[[1, 2], [3, 4]]",
    ),
    word(
        "slug",
        "the text as a name of Kubernetes: lower case, digits and dashes",
        r#""EU West/1" | slug"#,
        "eu-west-1",
    ),
    word("sort", "the items in order", r#"[3, 1, 2] | sort | join(",")"#, "1,2,3"),
    word("split", "the parts of a text between marks, as a list", r#""eu,us" | split(",") | last"#, "us"),
    word("string", "the value as a text", r#"5 | string ~ "0""#, "50"),
    word("sum", "the items added up", "[1, 2, 3] | sum", "6"),
    word("title", "each word with its first letter in upper case", r#""eu west" | title"#, "Eu West"),
    word(
        "tojson",
        "the value as JSON; `tojson(indent=2)` in several lines",
        r#"{"a": [1, 2]} | tojson"#,
        r#"{"a": [1, 2]}"#,
    ),
    word(
        "trim",
        "the text without blanks around it, or without the letters that are given",
        r#""v1.27" | trim("v")"#,
        "1.27",
    ),
    word("unique", "the items, each once", r#"["eu", "us", "eu"] | unique | join(",")"#, "eu,us"),
    word("upper", "all letters in upper case", r#""eu" | upper"#, "EU"),
    word(
        "zip",
        "items of two lists in pairs",
        r#"["a", "b"] | zip([1, 2]) | list | tojson"#,
        r#"[["a", 1], ["b", 2]]"#,
    ),
];

/// Functions: `NAME(…)`.
pub const FUNCTIONS: &[Builtin] = &[
    word(
        "range",
        "the numbers from 0, or from the first argument, up to but not including the last; the third is the step",
        r#"range(1, 4) | join(",")"#,
        "1,2,3",
    ),
    word("dict", "a mapping of the named arguments", "dict(a=1) | tojson", r#"{"a": 1}"#),
    word(
        "namespace",
        "a mapping that statements may change: `{% set ns.total = ns.total + 1 %}`",
        "namespace(total=3).total",
        "3",
    ),
    word("debug", "what the expression can see, for looking around", "debug() is string", "true"),
];

/// Tests: `VALUE is NAME`, `VALUE is not NAME`.
pub const TESTS: &[Builtin] = &[
    word("defined", "there is such a value", "params.tag is defined", "true"),
    word("undefined", "there is no such value", "params.tag is undefined", "false"),
    word("none", "the value is `null`", "none is none", "true"),
    word("true", "the value is `true`", "(1 == 1) is true", "true"),
    word("false", "the value is `false`", "(1 == 1) is false", "false"),
    word("boolean", "the value is `true` or `false`", "true is boolean", "true"),
    word("number", "the value is a number", "1.5 is number", "true"),
    word("integer", "the value is a whole number", "1.5 is integer", "false"),
    word("float", "the value is a number with a fraction", "1.5 is float", "true"),
    word("string", "the value is a text", r#""a" is string"#, "true"),
    word("sequence", "the value is a list", "[1] is sequence", "true"),
    word("mapping", "the value is a mapping", r#"{"a": 1} is mapping"#, "true"),
    word("iterable", "a loop can go over the value", "[1] is iterable", "true"),
    word("odd", "the number is odd", "3 is odd", "true"),
    word("even", "the number is even", "3 is even", "false"),
    word("divisibleby", "the number can be divided without a rest", "9 is divisibleby(3)", "true"),
    word("startingwith", "the text begins so", r#""eu-west" is startingwith("eu")"#, "true"),
    word("endingwith", "the text ends so", r#""eu-west" is endingwith("west")"#, "true"),
    word("lower", "all letters are in lower case", r#""eu" is lower"#, "true"),
    word("upper", "all letters are in upper case", r#""eu" is upper"#, "false"),
    word("in", "the list, text or mapping has it", r#""eu" is in(["eu", "us"])"#, "true"),
    word("eq", "both are equal; so too `ne`, `lt`, `le`, `gt`, `ge`", "1 is eq(1)", "true"),
    word("sameas", "both are equal and of one type", "1 is sameas(1)", "true"),
];
