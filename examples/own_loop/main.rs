//! The smallest training loop of one's own: groups, rates, schedule, optimizer and kernel of the library, around a
//! network that it has never heard of. `cargo run --release --example own_loop`

use ulmfit::burn;
use ulmfit::burn::module::{Module, Param, ParamGroup};
use ulmfit::burn::tensor::{Tensor, TensorData, activation};
use ulmfit::kernels::{TiedLoss, tied_cross_entropy};
use ulmfit::model::Random;
use ulmfit::prelude::*;
use ulmfit::train::schedule::{GroupRates, Hyper, OneCycle, Schedule};

const STEPS: usize = 400;
const ROWS: usize = 128;

/// Tells points inside of a circle from points outside. Any module of Burn will do: the parts know parameters only.
#[derive(Module, Debug)]
struct Net {
    first: Param<Tensor<2>>,
    shift: Param<Tensor<1>>,
    second: Param<Tensor<2>>,
    bias: Param<Tensor<1>>,
}

impl Net {
    fn loss(&self, points: Tensor<2>, classes: &[u32]) -> TiedLoss {
        let hidden =
            activation::relu(points.matmul(self.first.val()) + self.shift.val().unsqueeze::<2>());
        // Linear map, softmax and cross-entropy in one operation; without ids to embed nothing is tied.
        tied_cross_entropy(hidden, self.second.val(), self.bias.val(), classes)
    }
}

/// Points of the square from -1 to 1, and whether each is inside of the circle of radius 0.8: about half of them.
fn points(random: &mut Random, device: &Device) -> (Tensor<2>, Vec<u32>) {
    let xy: Vec<f32> = (0..2 * ROWS).map(|_| 2.0 * random.unit() - 1.0).collect();
    let classes = xy
        .chunks(2)
        .map(|p| u32::from(p[0] * p[0] + p[1] * p[1] < 0.64))
        .collect();
    (
        Tensor::from_data(TensorData::new(xy, [ROWS, 2]), device),
        classes,
    )
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Gradients are made on an autodiff device; all randomness comes from one seed, on the host.
    let device = Device::default().autodiff();
    let mut random = Random::new(0);
    let mut net = Net {
        first: Param::from_tensor(random.uniform([2, 32], 0.7, &device)),
        shift: Param::from_tensor(random.uniform([32], 0.7, &device)),
        second: Param::from_tensor(random.uniform([2, 32], 0.2, &device)),
        bias: Param::from_tensor(Tensor::zeros([2], &device)),
    };

    // Two layer groups, bottom first, as lists of parameters. What stands in the last argument takes no weight decay.
    let first = ParamGroup::from_ids(vec![net.first.id, net.shift.id]);
    let second = ParamGroup::from_ids(vec![net.second.id, net.bias.id]);
    let groups = LayerGroups::new(vec![first, second], ParamGroup::from_ids(vec![net.bias.id]));

    // The peak rate of each group (the lower one at 1/2.6), and the factor on them at each step: both are plain numbers.
    let peaks = GroupRates::paper(0.05).rates(groups.len())?;
    let schedule = OneCycle::default();
    let mut adam = AdamConfig::default().init();

    for step in 0..STEPS {
        // A quarter of the run for the upper layer alone: frozen groups take no gradient.
        net = groups.train_last(net, if step < STEPS / 4 { 1 } else { 2 });
        let (inputs, classes) = points(&mut random, &device);
        let out = net.loss(inputs, &classes);
        let Hyper { rate, momentum } = schedule.at(step, STEPS);
        let rates: Vec<f64> = peaks.iter().map(|peak| peak * rate).collect();
        // A model goes in, the changed model comes out.
        net = adam.step(net, out.loss.backward(), &groups, &rates, momentum);
        if (step + 1) % 100 == 0 {
            println!(
                "step {:>3}   loss {:.4}",
                step + 1,
                out.loss.into_scalar::<f32>()
            );
        }
    }

    // `valid` takes the model off the autodiff device.
    let (inputs, classes) = points(&mut random, &Device::default());
    let out = net.valid().loss(inputs, &classes);
    println!(
        "accuracy {:.1} % of {ROWS} new points",
        100.0 * out.correct.into_scalar::<f32>() / ROWS as f32
    );
    Ok(())
}
