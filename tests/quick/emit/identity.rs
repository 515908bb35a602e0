//! Writing and reading is the identity, whatever the tree.

use fanfold::emit::{json, kyaml, yaml};
use fanfold::text::{Entry, Key, Map, Node, Origin, Value};
use proptest::prelude::*;

use crate::trees::{meaning, read_one, texts};

fn leaves() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(|number| Value::Number(number.to_string().into())),
        "(0|[1-9][0-9]{0,20})\\.[0-9]{1,9}".prop_map(|number| Value::Number(number.into())),
        texts().prop_map(|text| Value::String(text.into())),
        texts().prop_map(|text| Value::Raw(text.into())),
        "[0-9a-zA-Z._+-]{0,6}|0x[0-9a-f]{1,4}|0[0-7]{1,4}|[0-9]_[0-9]|1e[0-9]"
            .prop_map(|text| Value::Plain(text.into())),
    ]
}

fn trees() -> impl Strategy<Value = Node> {
    let leaf = leaves().prop_map(|value| Node::new(value, Origin::NOWHERE));
    leaf.prop_recursive(5, 48, 6, |inner| {
        let entry =
            (texts(), inner.clone()).prop_map(|(key, value)| Entry { key: Key::new(key, Origin::NOWHERE), value });
        prop_oneof![
            prop::collection::vec(inner, 0..5).prop_map(|items| Node::seq(items, Origin::NOWHERE)),
            prop::collection::vec(entry, 0..5)
                .prop_map(|entries| Node::map(entries.into_iter().collect::<Map>(), Origin::NOWHERE)),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read(tree in trees()) {
        // A document of nothing but null is no document.
        let tree = Node::seq(vec![tree], Origin::NOWHERE);
        let expected = meaning(&tree);
        let writers: [fn(&Node, &mut Vec<u8>); 4] = [yaml::write, kyaml::write, json::write, json::write_compact];
        for write in writers {
            let mut bytes = Vec::new();
            write(&tree, &mut bytes);
            let written = String::from_utf8(bytes.clone()).expect("the writers write UTF-8");
            let found = meaning(&read_one(&bytes));
            prop_assert_eq!(&found, &expected, "{}", written);
            let mut again = Vec::new();
            write(&read_one(&bytes), &mut again);
            prop_assert_eq!(&String::from_utf8(again).expect("the writers write UTF-8"), &written);
        }
    }
}
