//! The loss of an interview, its gradient, and the steps.

use super::{
    LoraSettings,
    adam::AdamW,
    example::Example,
    factors::{Factors, SplitMix},
    layer::{Context, Kept, Layer},
    raw,
};
use crate::frozen::Frozen;
use pilotbench_kernels::{Scratch, log_softmax, rms_norm, rms_norm_backward};
use pilotbench_plugin_sdk::prelude::*;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// A trained adapter and how it came about.
pub(super) struct Trained {
    pub(super) factors: Factors,
    pub(super) history: History,
}

/// Losses of a training: mean `-ln P` of the answers given, in nats per answer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct History {
    /// People trained on and set aside.
    pub(super) people: [usize; 2],
    /// Of each step, before it.
    pub(super) steps: Vec<f64>,
    /// On those set aside, before the first epoch and after each; empty when there are none.
    pub(super) aside: Vec<f64>,
    /// Epochs that the factors kept come from.
    pub(super) epochs: usize,
}

/// The adapted layers and what they need.
pub(super) struct Trainer<'a> {
    frozen: &'a Frozen,
    layers: Vec<Layer>,
    scale: f32,
}

/// Trains an adapter.
///
/// # Errors
/// When the loss is no longer a number, or the host asks to stop.
pub(super) fn train(
    frozen: &Frozen,
    examples: &[Example],
    start: Factors,
    settings: &LoraSettings,
    seed: u64,
    control: &Control,
) -> Result<Trained> {
    let trainer = Trainer::new(frozen, settings)?;
    let mut random = SplitMix(seed ^ 0x7261_696e);
    let order = random.order(examples.len());
    let aside = match examples.len() {
        0..8 => 0,
        n => (n as f64 * settings.validation).round() as usize,
    };
    let pick = |at: &[usize]| -> Vec<&Example> { at.iter().map(|at| &examples[*at]).collect() };
    let (aside, mut rest) = (pick(&order[..aside]), pick(&order[aside..]));
    let mut factors = start;
    let mut adam = AdamW::new(&factors, settings);
    let mut history = History { people: [rest.len(), aside.len()], ..History::default() };
    let mut best = factors.clone();
    if !aside.is_empty() {
        history.aside.push(trainer.loss(&aside, &factors, control)?);
    }
    let steps = settings.epochs * rest.len().div_ceil(settings.batch);
    for epoch in 1..=settings.epochs {
        let order = random.order(rest.len());
        rest = order.into_iter().map(|at| rest[at]).collect();
        for batch in rest.chunks(settings.batch) {
            let (loss, gradient) = trainer.gradient(batch, &factors, control)?;
            if !(loss.is_finite() && gradient.is_finite()) {
                let message = "training diverged: the loss is no number; lower `learning_rate`";
                return Err(Error::Computation(message.into()));
            }
            adam.step(&mut factors, &gradient);
            history.steps.push(loss);
            let share = history.steps.len() as f64 / steps as f64;
            control.progress(share, &format!("training, loss {loss:.3}"))?;
        }
        if aside.is_empty() {
            (best, history.epochs) = (factors.clone(), epoch);
            continue;
        }
        let loss = trainer.loss(&aside, &factors, control)?;
        if history.aside.iter().all(|earlier| loss < *earlier) {
            (best, history.epochs) = (factors.clone(), epoch);
        }
        history.aside.push(loss);
        if epoch - history.epochs >= settings.patience {
            break;
        }
    }
    Ok(Trained { factors: best, history })
}

impl<'a> Trainer<'a> {
    pub(super) fn new(frozen: &'a Frozen, settings: &LoraSettings) -> Result<Self> {
        let config = &frozen.config;
        let layers = (config.layers - settings.last_layers..config.layers)
            .map(|index| Ok(Layer::new(&raw(frozen, index)?, config)))
            .collect::<Result<_>>()?;
        Ok(Self { frozen, layers, scale: settings.scale() })
    }

    /// Mean loss of an answer, and its gradient. Interviews are summed in order.
    pub(super) fn gradient(
        &self,
        batch: &[&Example],
        factors: &Factors,
        control: &Control,
    ) -> Result<(f64, Factors)> {
        let answers: usize = batch.iter().map(|example| example.answers).sum();
        let each = self.frozen.pool.install(|| {
            let each = batch.par_iter().map(|example| {
                let mut gradient = factors.zeros();
                let loss =
                    self.interview(example, factors, Some((&mut gradient, answers)), control)?;
                Ok((loss, gradient))
            });
            each.collect::<Result<Vec<(f64, Factors)>>>()
        })?;
        let mut sum: Option<(f64, Factors)> = None;
        for (loss, gradient) in each {
            match &mut sum {
                None => sum = Some((loss, gradient)),
                Some((losses, gradients)) => {
                    *losses += loss;
                    gradients.add(&gradient);
                }
            }
        }
        let (loss, gradient) = sum.unwrap_or_else(|| (0.0, factors.zeros()));
        Ok((loss / answers.max(1) as f64, gradient))
    }

    /// Mean loss of an answer.
    pub(super) fn loss(
        &self,
        examples: &[&Example],
        factors: &Factors,
        control: &Control,
    ) -> Result<f64> {
        let answers: usize = examples.iter().map(|example| example.answers).sum();
        let losses = self.frozen.pool.install(|| {
            let losses =
                examples.par_iter().map(|example| self.interview(example, factors, None, control));
            losses.collect::<Result<Vec<f64>>>()
        })?;
        Ok(losses.iter().sum::<f64>() / answers.max(1) as f64)
    }

    /// Summed loss of an interview; adds its gradient over the number of answers of the step.
    fn interview(
        &self,
        example: &Example,
        factors: &Factors,
        gradient: Option<(&mut Factors, usize)>,
        control: &Control,
    ) -> Result<f64> {
        let positions: Vec<u32> = (0..example.tokens.len() as u32).collect();
        let context = Context {
            config: &self.frozen.config,
            rope: &self.frozen.rope,
            positions: &positions,
            scale: self.scale,
        };
        let mut scratch = Scratch::default();
        let mut x = example.entries.to_vec();
        let mut kept: Vec<Kept> = Vec::with_capacity(self.layers.len());
        for (layer, factors) in self.layers.iter().zip(&factors.layers) {
            control.check()?;
            let (out, keep) = layer.run(x, factors, &context, &mut scratch);
            x = out;
            if gradient.is_some() {
                kept.push(keep);
            }
        }
        let Some((gradient, answers)) = gradient else { return Ok(self.head(example, &x, None)) };
        let mut grad = vec![0.0; x.len()];
        let loss = self.head(example, &x, Some((&mut grad, answers)));
        for (at, (layer, kept)) in self.layers.iter().zip(&kept).enumerate().rev() {
            control.check()?;
            let (factors, gradients) = (&factors.layers[at], &mut gradient.layers[at]);
            grad = layer.back(kept, grad, factors, gradients, &context, &mut scratch, at == 0);
        }
        Ok(loss)
    }

    /// Loss at the places where options branch, and its gradient.
    fn head(&self, example: &Example, x: &[f32], mut grad: Option<(&mut Vec<f32>, usize)>) -> f64 {
        let Frozen { ends, config, .. } = self.frozen;
        let hidden = config.hidden;
        let mut normed = vec![0.0; hidden];
        let mut loss = 0.0;
        for target in &example.targets {
            let row = &x[target.row * hidden..][..hidden];
            rms_norm(row, &ends.norm, config.eps, &mut normed);
            let logits = target.tokens.iter().map(|token| f64::from(ends.logit(&normed, *token)));
            let mut logs: Vec<f64> = logits.collect();
            log_softmax(&mut logs);
            loss -= logs[target.right];
            let Some((grad, answers)) = &mut grad else { continue };
            let mut grad_normed = vec![0.0; hidden];
            for (at, (token, log)) in target.tokens.iter().zip(&logs).enumerate() {
                let right = f64::from(u8::from(at == target.right));
                let weight = ((log.exp() - right) / *answers as f64) as f32;
                let head = ends.head_row(*token);
                grad_normed.iter_mut().zip(head).for_each(|(g, w)| *g = weight.mul_add(*w, *g));
            }
            let grad_row = &mut grad[target.row * hidden..][..hidden];
            rms_norm_backward(row, &ends.norm, config.eps, &grad_normed, grad_row);
        }
        loss
    }
}
