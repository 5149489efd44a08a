//! A training loop without `fit`: groups, rates and optimizer of the library around a network that it has never heard
//! of, which tells points inside of a circle from points outside. `cargo run --release --example own_loop`

use ulmfit::burn::module::{Param, ParamGroup};
use ulmfit::burn::tensor::{Tensor, TensorData, activation};
use ulmfit::kernels::{TiedLoss, tied_cross_entropy};
use ulmfit::model::Random;
use ulmfit::prelude::*;
use ulmfit::train::schedule::GroupRates;

const STEPS: usize = 400;
const ROWS: usize = 128;

/// Two layers without biases over `x`, `y` and 1. Any module of Burn will do, this pair is one.
type Net = (Param<Tensor<2>>, Param<Tensor<2>>);

/// Points of the square from -1 to 1, and whether each is inside of the circle of radius 0.8: about half of them.
fn points(random: &mut Random) -> (Vec<f32>, Vec<u32>) {
    let mut point = || [2.0 * random.unit() - 1.0, 2.0 * random.unit() - 1.0, 1.0];
    let all: Vec<[f32; 3]> = (0..ROWS).map(|_| point()).collect();
    let inside = |p: &[f32; 3]| u32::from(p[0] * p[0] + p[1] * p[1] < 0.64);
    (all.concat(), all.iter().map(inside).collect())
}

/// Linear map, softmax and cross-entropy in one operation.
fn loss(net: &Net, (points, classes): (Vec<f32>, Vec<u32>)) -> TiedLoss {
    let device = net.0.device();
    let points = Tensor::<2>::from_data(TensorData::new(points, [ROWS, 3]), &device);
    let hidden = activation::relu(points.matmul(net.0.val()));
    tied_cross_entropy(hidden, net.1.val(), Tensor::zeros([2], &device), &classes)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Gradients are made on an autodiff device; all randomness comes from one seed, on the host.
    let (device, mut random) = (Device::default().autodiff(), Random::new(0));
    let mut draw = |shape, bound| Param::from_tensor(random.uniform(shape, bound, &device));
    let mut net: Net = (draw([3, 32], 0.7), draw([2, 32], 0.2));
    // Two layer groups, bottom first; the last argument takes no weight decay.
    let groups = [net.0.id, net.1.id].map(|id| ParamGroup::from_ids(vec![id]));
    let groups = LayerGroups::new(groups.into(), ParamGroup::from_ids(vec![]));
    // The lower group at 1/2.6 of the upper one's rate, along one cycle.
    let stage = Stage::one_cycle("all", 1, Trained::All, GroupRates::paper(0.05));
    let plan = stage.plan(&groups, STEPS)?;
    let mut adam = AdamConfig::default().init();
    for step in 0..STEPS {
        // A quarter of the run for the upper layer alone: frozen groups take no gradient.
        net = groups.train(net, Trained::Last(if step < STEPS / 4 { 1 } else { 2 }));
        let (rates, momentum) = plan.at(step);
        let gradients = loss(&net, points(&mut random)).loss.backward();
        net = adam.step(net, gradients, &groups, &rates, momentum);
    }
    let hits = loss(&net, points(&mut random)).correct.into_scalar::<f32>();
    println!(
        "accuracy {:.1} % of {ROWS} new points",
        100.0 * hits / ROWS as f32
    );
    Ok(())
}
