//! What expressions have: names, filters, functions and tests, each with a sentence and an example.
//!
//! One table serves `explain`, hints for unknown names and the page of the book. A test evaluates every example, and the
//! engine has no word that is not here.

/// A filter, a function or a test.
#[derive(Clone, Copy, Debug)]
pub struct Builtin {
    /// The name.
    pub name: &'static str,
    /// The arguments: `COUNT, FILL?`; `?` ends what may be left out, `…` what may be there any number of times.
    pub arguments: &'static str,
    /// What it gives, or when it holds.
    pub summary: &'static str,
    /// An expression that uses it.
    pub example: &'static str,
    /// The text that the expression gives.
    pub gives: &'static str,
}

impl Builtin {
    /// Returns the name with its arguments: `batch(COUNT, FILL?)`.
    pub fn signature(&self) -> String {
        if self.arguments.is_empty() { self.name.to_owned() } else { format!("{}({})", self.name, self.arguments) }
    }
}

const fn word(
    name: &'static str,
    arguments: &'static str,
    summary: &'static str,
    example: &'static str,
    gives: &'static str,
) -> Builtin {
    Builtin { name, arguments, summary, example, gives }
}

/// Names: what every expression of an instance can read.
pub const NAMES: &[Builtin] = &[
    word("params", "", "the parameters, with the values that were given or are their defaults", "params.tag", "1.27"),
    word("matrix", "", "the axis values of the instance, or the columns of its row", "matrix.region", "eu"),
    word("index", "", "the number of the instance, from 0", "index", "0"),
    word("name", "", "the name of the instance", "name", "all-eu"),
    word("batch", "", "the batch: its `name` and `namespace`", "batch.name", "builtins"),
];

/// Filters: `VALUE | NAME`.
pub const FILTERS: &[Builtin] = &[
    word("abs", "", "the number without its sign", "-3 | abs", "3"),
    word("attr", "KEY", "the value of a key, given as a text", r#"{"a": 1} | attr("a")"#, "1"),
    word(
        "batch",
        "COUNT, FILL?",
        "lists of so many items each; the second argument fills up the last one",
        "[1, 2, 3] | batch(2) | list | tojson",
        "[[1, 2], [3]]",
    ),
    word("bool", "", "true or false, as the value counts in a condition", r#""" | bool"#, "false"),
    word("capitalize", "", "the first letter in upper case, all others in lower case", r#""eU" | capitalize"#, "Eu"),
    word(
        "chain",
        "LISTS…",
        "two lists, one after the other, or two mappings in one",
        r#"[1, 2] | chain([3]) | join(",")"#,
        "1,2,3",
    ),
    word("count", "", "the same as `length`", r#"["eu", "us"] | count"#, "2"),
    word(
        "default",
        "OTHER?, TRUE?",
        "another value where there is none; with `true` also where it is empty",
        r#""" | default("none", true)"#,
        "none",
    ),
    word(
        "dictsort",
        "by=?, reverse=?, case_sensitive=?",
        "the keys and values of a mapping as a list of pairs, sorted by key",
        r#"{"b": 2, "a": 1} | dictsort | tojson"#,
        r#"[["a", 1], ["b", 2]]"#,
    ),
    word("d", "OTHER?, TRUE?", "the same as `default`", r#"none | d("x", true)"#, "x"),
    word("e", "", "the same as `escape`", r#""a < b" | e"#, "a &lt; b"),
    word("escape", "", "the text with the marks of HTML and XML escaped", r#""a < b" | escape"#, "a &lt; b"),
    word("first", "", "the first item or letter", r#"["eu", "us"] | first"#, "eu"),
    word("float", "DEFAULT?", "the number with a fraction", r#""1.5" | float + 1"#, "2.5"),
    word("format", "VALUES…", "the text with values put in, as `printf` does", r#""%03d" | format(7)"#, "007"),
    word(
        "groupby",
        "KEY, default=?",
        "the items in groups, by the value of a key",
        r#"[{"z": "a", "n": 1}, {"z": "b", "n": 2}] | groupby("z") | map("first") | join(",")"#,
        "a,b",
    ),
    word(
        "indent",
        "WIDTH?, FIRST_LINE?, BLANK_LINES?",
        "all lines but the first indented by so many blanks",
        r#""a\nb" | indent(2) | tojson"#,
        r#""a\n  b""#,
    ),
    word("int", "DEFAULT?, BASE?", "the whole number", r#""5" | int + 1"#, "6"),
    word(
        "items",
        "",
        "the keys and values of a mapping as a list of pairs",
        r#"{"a": 1} | items | list | tojson"#,
        r#"[["a", 1]]"#,
    ),
    word(
        "join",
        "BETWEEN?, KEY?",
        "the items as one text, with a text between them",
        r#"["eu", "us"] | join("-")"#,
        "eu-us",
    ),
    word("last", "", "the last item or letter", r#"["eu", "us"] | last"#, "us"),
    word("length", "", "how many items, keys or letters there are", r#"["eu", "us"] | length"#, "2"),
    word("lines", "", "the lines of a text as a list", r#""a\nb" | lines | join(",")"#, "a,b"),
    word(
        "list",
        "",
        "the value as a list: the keys of a mapping, the letters of a text",
        r#"{"a": 1, "b": 2} | list | join(",")"#,
        "a,b",
    ),
    word("lower", "", "all letters in lower case", r#""EU" | lower"#, "eu"),
    word(
        "map",
        "FILTER, ARGUMENTS…",
        "each item passed through a filter, or replaced by the value of its key",
        r#"["eu", "us"] | map("upper") | join(",")"#,
        "EU,US",
    ),
    word("max", "", "the largest item", "[3, 1, 2] | max", "3"),
    word("min", "", "the smallest item", "[3, 1, 2] | min", "1"),
    word("pprint", "", "the value as a developer reads it", r#""eu" | pprint"#, "'eu'"),
    word(
        "reject",
        "TEST?, ARGUMENTS…",
        "the items for which a test fails",
        r#"[1, 2, 3] | reject("odd") | join(",")"#,
        "2",
    ),
    word(
        "rejectattr",
        "KEY, TEST?, ARGUMENTS…",
        "the items for which a test of one of their keys fails",
        r#"[{"n": "a", "gpu": true}, {"n": "b", "gpu": false}] | rejectattr("gpu") | map(attribute="n") | join(",")"#,
        "b",
    ),
    word(
        "replace",
        "OLD, NEW",
        "the text with one part replaced by another, everywhere",
        r#""eu.west.1" | replace(".", "-")"#,
        "eu-west-1",
    ),
    word(
        "reverse",
        "",
        "the items or letters from the last to the first",
        r#"[1, 2, 3] | reverse | join(",")"#,
        "3,2,1",
    ),
    word(
        "round",
        "DIGITS?, METHOD?",
        "the number, rounded; the argument is how many digits stay",
        "2.567 | round(1)",
        "2.6",
    ),
    word("safe", "", "the same value; there is nothing to escape here", r#""a" | safe"#, "a"),
    word(
        "select",
        "TEST?, ARGUMENTS…",
        "the items for which a test holds",
        r#"[1, 2, 3] | select("odd") | join(",")"#,
        "1,3",
    ),
    word(
        "selectattr",
        "KEY, TEST?, ARGUMENTS…",
        "the items for which a test of one of their keys holds",
        r#"[{"n": "a", "gpu": true}, {"n": "b", "gpu": false}] | selectattr("gpu") | map(attribute="n") | join(",")"#,
        "a",
    ),
    word(
        "slice",
        "COUNT, FILL?",
        "so many lists that share the items evenly",
        "[1, 2, 3, 4] | slice(2) | list | tojson",
        "[[1, 2], [3, 4]]",
    ),
    word(
        "slug",
        "",
        "the text as a name of Kubernetes: lower case, digits and dashes",
        r#""EU West/1" | slug"#,
        "eu-west-1",
    ),
    word(
        "sort",
        "attribute=?, reverse=?, case_sensitive=?",
        "the items in order",
        r#"[3, 1, 2] | sort | join(",")"#,
        "1,2,3",
    ),
    word(
        "split",
        "AT?, TIMES?",
        "the parts of a text between marks, as a list",
        r#""eu,us" | split(",") | last"#,
        "us",
    ),
    word("string", "", "the value as a text", r#"5 | string ~ "0""#, "50"),
    word("sum", "KEY?, START?", "the items added up", "[1, 2, 3] | sum", "6"),
    word("title", "", "each word with its first letter in upper case", r#""eu west" | title"#, "Eu West"),
    word(
        "tojson",
        "INDENT?",
        "the value as JSON; `tojson(indent=2)` in several lines",
        r#"{"a": [1, 2]} | tojson"#,
        r#"{"a": [1, 2]}"#,
    ),
    word(
        "trim",
        "LETTERS?",
        "the text without blanks around it, or without the letters that are given",
        r#""v1.27" | trim("v")"#,
        "1.27",
    ),
    word(
        "unique",
        "attribute=?, case_sensitive=?",
        "the items, each once",
        r#"["eu", "us", "eu"] | unique | join(",")"#,
        "eu,us",
    ),
    word("upper", "", "all letters in upper case", r#""eu" | upper"#, "EU"),
    word(
        "zip",
        "LISTS…",
        "items of two lists in pairs",
        r#"["a", "b"] | zip([1, 2]) | list | tojson"#,
        r#"[["a", 1], ["b", 2]]"#,
    ),
];

/// Functions: `NAME(…)`.
pub const FUNCTIONS: &[Builtin] = &[
    word(
        "range",
        "FROM?, TO, STEP?",
        "the numbers from 0, or from the first argument, up to but not including the last; the third is the step",
        r#"range(1, 4) | join(",")"#,
        "1,2,3",
    ),
    word("dict", "MAPPING?, name=…", "a mapping of the named arguments", "dict(a=1) | tojson", r#"{"a": 1}"#),
    word(
        "namespace",
        "name=…",
        "a mapping that statements may change: `{% set ns.total = ns.total + 1 %}`",
        "namespace(total=3).total",
        "3",
    ),
    word("debug", "VALUES…", "what the expression can see, for looking around", "debug() is string", "true"),
];

/// Tests: `VALUE is NAME`, `VALUE is not NAME`.
pub const TESTS: &[Builtin] = &[
    word("defined", "", "there is such a value", "params.tag is defined", "true"),
    word("undefined", "", "there is no such value", "params.tag is undefined", "false"),
    word("none", "", "the value is `null`", "none is none", "true"),
    word("true", "", "the value is `true`", "(1 == 1) is true", "true"),
    word("false", "", "the value is `false`", "(1 == 1) is false", "false"),
    word("boolean", "", "the value is `true` or `false`", "true is boolean", "true"),
    word("number", "", "the value is a number", "1.5 is number", "true"),
    word("integer", "", "the value is a whole number", "1.5 is integer", "false"),
    word("int", "", "the same as `integer`", "2 is int", "true"),
    word("float", "", "the value is a number with a fraction", "1.5 is float", "true"),
    word("string", "", "the value is a text", r#""a" is string"#, "true"),
    word("sequence", "", "the value is a list", "[1] is sequence", "true"),
    word("mapping", "", "the value is a mapping", r#"{"a": 1} is mapping"#, "true"),
    word("iterable", "", "a loop can go over the value", "[1] is iterable", "true"),
    word("odd", "", "the number is odd", "3 is odd", "true"),
    word("even", "", "the number is even", "3 is even", "false"),
    word("divisibleby", "NUMBER", "the number can be divided without a rest", "9 is divisibleby(3)", "true"),
    word("startingwith", "TEXT", "the text begins so", r#""eu-west" is startingwith("eu")"#, "true"),
    word("endingwith", "TEXT", "the text ends so", r#""eu-west" is endingwith("west")"#, "true"),
    word("lower", "", "all letters are in lower case", r#""eu" is lower"#, "true"),
    word("upper", "", "all letters are in upper case", r#""eu" is upper"#, "false"),
    word("in", "LIST", "the list, text or mapping has it", r#""eu" is in(["eu", "us"])"#, "true"),
    word("eq", "OTHER", "both are equal, as with `==`", "1 is eq(1)", "true"),
    word("equalto", "OTHER", "the same as `eq`", "1 is equalto(2)", "false"),
    word("ne", "OTHER", "both differ, as with `!=`", "1 is ne(2)", "true"),
    word("lt", "OTHER", "the value is less, as with `<`", "1 is lt(2)", "true"),
    word("lessthan", "OTHER", "the same as `lt`", "2 is lessthan(1)", "false"),
    word("le", "OTHER", "the value is less or equal, as with `<=`", "2 is le(2)", "true"),
    word("gt", "OTHER", "the value is greater, as with `>`", "2 is gt(1)", "true"),
    word("greaterthan", "OTHER", "the same as `gt`", "1 is greaterthan(2)", "false"),
    word("ge", "OTHER", "the value is greater or equal, as with `>=`", "1 is ge(2)", "false"),
    word("sameas", "OTHER", "both are equal and of one type", "1 is sameas(1)", "true"),
    word("filter", "", "there is a filter of that name", r#""slug" is filter"#, "true"),
    word("test", "", "there is a test of that name", r#""odd" is test"#, "true"),
    word("safe", "", "the text counts as escaped already", r#""a" is safe"#, "false"),
    word("escaped", "", "the same as `safe`", r#""a" is escaped"#, "false"),
];
