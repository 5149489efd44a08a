//! `layer_groups.json`: the groups, what decays, what `freeze_to` leaves trainable, and both default configurations.

use burn::tensor::Device;
use serde_json::Value;
use ulmfit_model::{
    AwdLstmConfig, ClassifierConfig, Dropouts, HeadConfig, LanguageModelConfig, Random,
};
use ulmfit_text::Special;
use ulmfit_train::LayerGroups;

use crate::weights::{Named, dropouts, encoder, head, of_language_model};
use crate::{count, json, list};

/// Group, decay and forced training of every parameter, and that there are no others.
fn check(groups: &LayerGroups, parameters: &[Named], recorded: &Value) {
    assert_eq!(parameters.len(), list(recorded).len());
    for row in list(recorded) {
        let name = row["name"].as_str().unwrap();
        let named = parameters.iter().find(|named| named.name == name);
        let id = named.unwrap_or_else(|| panic!("no {name}")).id;
        assert_eq!(groups.group_of(id), Some(count(&row["group"])), "{name}");
        assert_eq!(groups.decays(id), row["do_wd"] == true, "{name}");
        assert_eq!(
            groups.always_trains(id),
            row["force_train"] == true,
            "{name}"
        );
    }
    let last = list(recorded).iter().map(|row| count(&row["group"])).max();
    assert_eq!(Some(groups.len() - 1), last);
}

/// The shape of a recorded parameter.
fn shape(recorded: &Value, name: &str) -> Vec<usize> {
    let row = list(recorded).iter().find(|row| row["name"] == name);
    list(&row.unwrap()["shape"]).iter().map(count).collect()
}

/// The sizes of the recorded classifier's encoder.
fn sizes(recorded: &Value) -> AwdLstmConfig {
    let embedding = shape(recorded, "0.module.encoder.weight");
    let layers = (0..).take_while(|l| {
        let name = format!("0.module.rnns.{l}.module.bias_ih_l0");
        list(recorded)
            .iter()
            .any(|row| row["name"] == name.as_str())
    });
    let hidden = shape(recorded, "0.module.rnns.0.weight_hh_l0_raw")[1];
    AwdLstmConfig::new(embedding[0]).with_sizes(embedding[1], hidden, layers.count())
}

#[test]
fn groups_of_the_language_model() {
    let golden = json("layer_groups.json");
    let config = LanguageModelConfig::new(sizes(&golden["clas"]));
    let model = config.init(0, &Device::default().autodiff()).unwrap();
    let groups = LayerGroups::language_model(&model);
    check(&groups, &of_language_model(&model), &golden["lm"]);
}

#[test]
fn groups_of_the_classifier_and_what_freezing_leaves() {
    let golden = json("layer_groups.json");
    let recorded = &golden["clas"];
    let device = Device::default().autodiff();
    let config = ClassifierConfig {
        head: HeadConfig {
            hidden: vec![shape(recorded, "1.layers.0.1.weight")[0]],
            dropout: 0.0,
        },
        ..ClassifierConfig::new(shape(recorded, "1.layers.1.1.weight")[0])
    };
    let encoder_of = sizes(recorded).init(&mut Random::new(0), &device).unwrap();
    let mut model = config.init(encoder_of, 0, &device).unwrap();
    let groups = LayerGroups::classifier(&model);
    let parameters = |model: &ulmfit_model::Classifier| {
        let mut all = encoder("0.module.", &model.encoder);
        all.extend(head(&model.head));
        all
    };
    check(&groups, &parameters(&model), recorded);
    for (n, expected) in golden["clas_freeze_to"].as_object().unwrap() {
        model = groups.freeze_to(model, n.parse().unwrap());
        let all = parameters(&model).into_iter();
        let found: Vec<String> = all.filter(|p| p.trains).map(|p| p.name).collect();
        let mut found: Vec<&str> = found.iter().map(String::as_str).collect();
        let names = list(&expected["trainable"]).iter();
        let mut expected: Vec<&str> = names.map(|name| name.as_str().unwrap()).collect();
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected, "freeze_to({n})");
    }
}

#[test]
fn defaults_of_both_configurations() {
    let golden = json("layer_groups.json");
    let lm = LanguageModelConfig::new(AwdLstmConfig::new(50));
    let cases = [
        ("lm_config", Dropouts::language_model()),
        ("clas_config", Dropouts::classifier()),
    ];
    for (key, expected) in cases {
        let config = &golden[key];
        let sizes = ["emb_sz", "n_hid", "n_layers"].map(|size| count(&config[size]));
        let found = [lm.encoder.embed, lm.encoder.hidden, lm.encoder.layers];
        assert_eq!(found, sizes, "{key}");
        assert_eq!(expected, dropouts(config), "{key}");
        assert_eq!(u64::from(Special::Pad.id()), config["pad_token"], "{key}");
        assert_eq!(config["bidir"], false, "{key}");
    }
    // A language model's decoder is tied and has a bias: it has no weight of its own.
    assert_eq!(golden["lm_config"]["tie_weights"], true);
    assert_eq!(golden["lm_config"]["out_bias"], true);
    assert_eq!(lm.dropouts, Dropouts::language_model());
}
