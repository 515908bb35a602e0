//! The page of `fanfold diff --format html`, used in a browser as people use it: opened, filtered, unfolded by keyboard.

pub(crate) mod browser;

use std::fmt::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::page::{case, page};
use browser::Browser;

/// One browser at a time: several make each of them slow.
static GATE: Mutex<()> = Mutex::new(());

/// A page and the browser in which it is open.
struct Opened {
    browser: Browser,
    _folder: tempfile::TempDir,
    _turn: MutexGuard<'static, ()>,
}

fn opened(old: &str, new: &str) -> Opened {
    let turn = GATE.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let page = page(folder.path(), old, new);
    let mut browser = Browser::start();
    browser.resize(1280);
    browser.open(&page);
    Opened { browser, _folder: folder, _turn: turn }
}

fn opened_golden() -> Opened {
    opened(&case().file("old.yaml"), &case().file("new.yaml"))
}

impl Opened {
    /// Returns the numbers of groups and objects that the page says it shows.
    fn counts(&mut self) -> (u64, u64) {
        let count = |name: &str| format!("Number(document.getElementById('count').dataset.{name})");
        let mut number = |name: &str| self.browser.eval(&count(name)).as_u64().expect("a number");
        (number("groups"), number("objects"))
    }

    fn focused(&mut self) -> String {
        let what = "document.activeElement.closest('[id],[data-effect],details,[role=gridcell]')";
        let text = format!("(e => e ? e.id || e.dataset.effect || e.className || e.tagName : '')({what})");
        self.browser.eval(&text).as_str().unwrap_or_default().to_owned()
    }

    /// Goes on by the tabulator until something has the focus.
    fn tab_to(&mut self, wanted: &str) {
        for _ in 0..60 {
            self.browser.press("Tab");
            if self.focused() == wanted {
                return;
            }
        }
        panic!("the tabulator never comes to {wanted}");
    }

    fn search(&mut self, text: &str) {
        self.browser.eval("document.activeElement.blur()");
        self.browser.press("/");
        assert_eq!(self.focused(), "search");
        self.browser.eval("document.getElementById('search').select()");
        self.browser.write(text);
    }

    fn is_clean(&self) {
        assert!(self.browser.errors.is_empty(), "{:#?}", self.browser.errors);
    }
}

#[test]
fn filters_reduce_what_is_shown() {
    needs!(BROWSER);
    let mut opened = opened_golden();
    let (groups, objects) = opened.counts();
    let listed = "document.querySelectorAll('#groups > details').length";
    assert_eq!(opened.browser.eval(listed), json!(groups));
    assert!(groups >= 4, "{groups} groups");

    opened.browser.eval("document.querySelector('[data-effect=rollout]').click()");
    let (fewer, some) = opened.counts();
    assert!(fewer > 0 && fewer < groups && some < objects, "{fewer} of {groups} groups, {some} of {objects} objects");
    assert_eq!(opened.browser.eval(listed), json!(fewer));
    opened.browser.eval("document.getElementById('clear').click()");
    assert_eq!(opened.counts(), (groups, objects));

    let choose = |select: &str, label: &str| {
        format!(
            "(s => {{ s.value = [...s.options].find(o => o.text.startsWith('{label}')).value; \
             s.dispatchEvent(new Event('change')); }})(document.getElementById('{select}'))"
        )
    };
    opened.browser.eval(&choose("kind", "Secret"));
    assert_eq!(opened.counts(), (1, 1));
    opened.browser.eval("document.getElementById('clear').click()");
    opened.browser.eval(&choose("namespace", "other"));
    assert_eq!(opened.counts(), (1, 1));
    opened.browser.eval("document.getElementById('clear').click()");

    opened.search("web-eu-1");
    opened.browser.until("document.getElementById('count').dataset.objects === '1'");
    opened.search("demo:1.1");
    opened.browser.until("document.getElementById('count').dataset.objects === '6'");
    opened.search("nothing like it");
    opened.browser.until("document.getElementById('count').dataset.objects === '0'");
    assert!(opened.browser.eval("document.getElementById('groups').innerText") == json!("Nothing fits these filters."));
    opened.is_clean();
}

#[test]
fn a_keyboard_is_enough() {
    needs!(BROWSER);
    let mut opened = opened_golden();
    opened.tab_to("theme");
    opened.tab_to("rollout");
    let all = opened.counts();
    opened.browser.press("Enter");
    assert!(opened.counts() < all, "{:?} of {all:?}", opened.counts());
    assert_eq!(opened.browser.eval("document.activeElement.ariaPressed"), json!("true"));
    opened.browser.press(" ");
    assert_eq!(opened.counts(), all);

    // A grid is one stop; arrows go on in it.
    let cell = "document.activeElement.getAttribute('aria-label')";
    while opened.browser.eval("document.activeElement.getAttribute('role')") != json!("gridcell") {
        opened.browser.press("Tab");
    }
    let first = opened.browser.eval(cell);
    assert_eq!(first, json!("region = eu, shard = 1: rollout, 1 object of 1"));
    opened.browser.press("ArrowRight");
    assert_eq!(opened.browser.eval(cell), json!("region = eu, shard = 2: rollout, 1 object of 1"));
    opened.browser.press("ArrowDown");
    assert_eq!(opened.browser.eval(cell), json!("region = us, shard = 2: rollout, 1 object of 1"));
    opened.browser.press("Enter");
    assert_eq!(opened.counts().1, 1, "the instance alone");
    opened.browser.press("Enter");
    assert_eq!(opened.counts(), all);

    opened.tab_to("search");
    opened.tab_to("group");
    assert_eq!(opened.browser.eval("document.querySelectorAll('details[open]').length"), json!(0));
    assert_eq!(opened.browser.eval("getComputedStyle(document.activeElement).outlineStyle"), json!("solid"));
    opened.browser.press("Enter");
    opened
        .browser
        .until("document.activeElement.parentElement.open && !!document.querySelector('.group .changes > li')");
    while !opened.browser.eval("document.activeElement.innerText.includes('Deployments')").as_bool().unwrap_or(false) {
        opened.tab_to("group");
    }
    opened.browser.press("Enter");
    opened.browser.until("document.activeElement.parentElement.open");
    opened.tab_to("object");
    opened.browser.press("Enter");
    opened.browser.until("!!document.querySelector('.object[open] .changes > li')");
    opened.is_clean();
}

#[test]
fn the_page_is_dark_where_the_system_is_and_where_it_is_asked_to_be() {
    needs!(BROWSER);
    let mut opened = opened_golden();
    let back = "getComputedStyle(document.body).backgroundColor";
    opened.browser.prefer("light");
    let light = opened.browser.eval(back);
    opened.browser.prefer("dark");
    let dark = opened.browser.eval(back);
    assert_ne!(light, dark);
    opened.browser.eval("document.getElementById('theme').click()");
    assert_eq!(opened.browser.eval(back), light);
    opened.browser.eval("document.getElementById('theme').click()");
    assert_eq!(opened.browser.eval(back), dark);
    opened.is_clean();
}

#[test]
fn a_telephone_is_wide_enough() {
    needs!(BROWSER);
    let mut opened = opened_golden();
    for width in [390, 320, 1280] {
        opened.browser.resize(width);
        opened.browser.eval("document.querySelectorAll('details.group').forEach(group => group.open = true)");
        opened.browser.until("document.querySelectorAll('.group[open] .objects').length > 0");
        opened.browser.eval("document.querySelectorAll('details.object').forEach(object => object.open = true)");
        opened.browser.until("[...document.querySelectorAll('details.object')].every(object => object.filled)");
        let wide = opened.browser.eval("document.documentElement.scrollWidth");
        assert!(wide.as_u64() <= Some(u64::from(width)), "{wide} pixels of {width}");
    }
    opened.is_clean();
}

/// Ten thousand ConfigMaps, of which three differ in more than their level.
fn many(level: &str) -> String {
    (0..10_000).fold(String::new(), |mut out, at| {
        let value = if level == "debug" && at % 4000 == 1 { "special" } else { "plain" };
        let _ = write!(
            out,
            "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings-{at}\n  namespace: team-{}\n  labels:\n    \
             app.kubernetes.io/name: settings\n    matrix.fanfold.dev/number: \"{at}\"\n\
             data: {{level: {level}, own: \"{at}-{level}\", other: {value}}}\n",
            at % 10
        );
        out
    })
}

#[test]
fn ten_thousand_objects_open_and_filter_at_once() {
    needs!(BROWSER);
    let mut opened = opened(&many("info"), &many("debug"));
    let took = |opened: &mut Opened, expression: &str| {
        let start = Instant::now();
        opened.browser.until(expression);
        start.elapsed()
    };
    let loaded = opened.browser.eval("performance.getEntriesByType('navigation')[0].domComplete").as_f64();
    let loaded = Duration::from_secs_f64(loaded.expect("a time") / 1000.0);
    assert_eq!(opened.counts().1, 10_000);
    opened.search("settings-7777");
    let searched = took(&mut opened, "document.getElementById('count').dataset.objects === '1'");
    opened.search("special");
    let again = took(&mut opened, "document.getElementById('count').dataset.objects === '3'");
    opened.search("team-3/");
    let team = took(&mut opened, "document.getElementById('count').dataset.objects === '1000'");
    for time in [loaded, searched, again, team] {
        assert!(time < Duration::from_secs(5), "loaded in {loaded:?}, filtered in {searched:?}, {again:?}, {team:?}");
    }
    // Rows come in batches: what is in the document does not grow with the objects.
    opened
        .browser
        .eval("document.getElementById('clear').click(); document.querySelector('details.group').open = true");
    opened.browser.until("document.querySelectorAll('.object').length > 0");
    assert!(opened.browser.eval("document.querySelectorAll('.object').length").as_u64() < Some(100));
    let elements = opened.browser.eval("document.querySelectorAll('*').length").as_u64();
    assert!(elements < Some(10_000), "{elements:?} elements");
    opened.is_clean();
}

/// Names that would act if they were markup.
const HOSTILE: [&str; 6] = [
    "<img src=x onerror=window.ran=1>",
    "</script><script>window.ran=1</script>",
    "<!--<script>",
    "\\\"><svg onload=window.ran=1>",
    "{{script}}{{data}}",
    "']]><iframe srcdoc='<script>top.ran=1</script>'>",
];

#[test]
fn names_that_are_markup_do_nothing() {
    needs!(BROWSER);
    let side = |value: &str| {
        HOSTILE.iter().enumerate().fold(String::new(), |mut out, (at, hostile)| {
            let hostile = hostile.trim_start_matches('\\');
            let quoted = serde_json::to_string(hostile).expect("a text");
            let _ = write!(
                out,
                "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {quoted}\n  namespace: {quoted}\n  labels:\n    \
                 app.kubernetes.io/name: {quoted}\n    matrix.fanfold.dev/axis: {quoted}\n    \
                 {}: \"{value}\"\ndata:\n  {quoted}: {}\n  lines: {}\n",
                serde_json::to_string(&format!("matrix.fanfold.dev/{hostile}")).expect("a text"),
                serde_json::to_string(&format!("{value}{hostile}")).expect("a text"),
                serde_json::to_string(&format!("{value}\n{hostile}{at}\n")).expect("a text"),
            );
            out
        })
    };
    let mut opened = opened(&side("1"), &side("2"));
    assert_eq!(opened.counts().1, 6);
    opened.browser.eval("document.querySelectorAll('details.group').forEach(group => group.open = true)");
    opened.browser.until("[...document.querySelectorAll('details.group')].every(group => group.filled)");
    opened.browser.eval("document.querySelectorAll('details.object').forEach(object => object.open = true)");
    opened.browser.until("[...document.querySelectorAll('details.object')].every(object => object.filled)");
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(opened.browser.eval("typeof window.ran"), json!("undefined"));
    assert_eq!(opened.browser.eval("document.querySelectorAll('img, svg, iframe').length"), json!(0));
    assert_eq!(opened.browser.eval("document.scripts.length"), json!(2));
    // They are shown, to the letter.
    let text = opened.browser.eval("document.body.innerText").as_str().unwrap_or_default().to_owned();
    for hostile in HOSTILE {
        assert!(text.contains(hostile.trim_start_matches('\\')), "{hostile} is not shown");
    }
    // What got through would be stopped still: the policy lets no other script run.
    opened.is_clean();
    opened
        .browser
        .eval("document.body.append(Object.assign(document.createElement('script'), {text: 'window.ran = 1'}))");
    assert_eq!(opened.browser.eval("typeof window.ran"), json!("undefined"));
}
