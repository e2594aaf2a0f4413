"""Writes segmentation_losses.json: losses by Keras's formulas in float64, gradients by PyTorch.

segmentation_losses.py > segmentation_losses.json. Each case: Keras's class and config, target,
prediction, sample weights, total and the gradient of the total by the prediction.
"""
import json

import torch

EPSILON = 1e-7
torch.manual_seed(7)


def reduce(each, weights, reduction):
    """Keras's reduce_weighted_values, for one weight per sample."""
    if weights is None:
        weights = torch.ones_like(each)
    elif each.dim() == 0:
        each = each * torch.ones_like(weights)
    else:
        weights = weights.reshape([-1] + [1] * (each.dim() - 1)) * torch.ones_like(each)
    total = (each * weights).sum()
    if reduction == "sum":
        return total
    return total / (weights.sum() if reduction == "mean_with_sample_weight" else each.numel())


def overlap(config, t, p):
    axis = tuple(config.get("axis") or range(t.dim()))
    both = (t * p).sum(axis)
    if config["class"] == "Dice":
        return 1 - 2 * both / (t.sum(axis) + p.sum(axis) + EPSILON)
    missed = ((1 - p) * t).sum(axis)
    beside = (p * (1 - t)).sum(axis)
    return 1 - both / (both + missed * config.get("alpha", 0.5) +
                       beside * config.get("beta", 0.5) + EPSILON)


def binary_focal(config, t, p):
    smoothing = config.get("label_smoothing", 0.0)
    t = t * (1 - smoothing) + smoothing / 2
    if config.get("from_logits"):
        p = torch.sigmoid(p)
    q = p.clamp(EPSILON, 1 - EPSILON)
    entropy = -(t * q.log() + (1 - t) * (1 - q).log())
    each = (1 - (t * p + (1 - t) * (1 - p))) ** config.get("gamma", 2.0) * entropy
    if config.get("apply_class_balancing"):
        alpha = config.get("alpha", 0.25)
        each = (t * alpha + (1 - t) * (1 - alpha)) * each
    return each.mean(-1)


def categorical_focal(config, t, p):
    smoothing = config.get("label_smoothing", 0.0)
    t = t * (1 - smoothing) + smoothing / t.shape[-1]
    if config.get("from_logits"):
        p = torch.softmax(p, -1)
    q = (p / p.sum(-1, keepdim=True)).clamp(EPSILON, 1 - EPSILON)
    alpha = torch.tensor(config.get("alpha", 0.25), dtype=torch.float64)
    return (alpha * (1 - q) ** config.get("gamma", 2.0) * -t * q.log()).sum(-1)


FORMULAS = {"Dice": overlap, "Tversky": overlap, "BinaryFocalCrossentropy": binary_focal,
            "CategoricalFocalCrossentropy": categorical_focal}


def case(shape, weighted=False, **config):
    classes = shape[-1]
    if classes == 1:
        t = torch.randint(0, 2, shape).double()
    else:
        t = torch.nn.functional.one_hot(torch.randint(0, classes, shape[:-1]), classes).double()
    p = torch.randn(shape, dtype=torch.float64)
    if not config.get("from_logits"):
        p = torch.sigmoid(p) if classes == 1 else torch.softmax(p, -1)
    p = (p.mul(10000).round() / 10000).requires_grad_()
    weights = torch.tensor([0.5, 2.0, 1.25][:shape[0]], dtype=torch.float64) if weighted else None
    each = FORMULAS[config["class"]](config, t, p)
    total = reduce(each, weights, config.get("reduction", "sum_over_batch_size"))
    total.backward()
    name = config.pop("class")
    return {"class": name, "config": config, "shape": list(shape), "target": t.long().flatten().tolist(),
            "prediction": [round(v, 4) for v in p.detach().flatten().tolist()],
            "weights": None if weights is None else weights.tolist(), "total": total.item(),
            "gradient": [round(v, 8) for v in p.grad.flatten().tolist()]}


volume = (2, 3, 4, 3, 3)
mask = (2, 2, 3, 4, 1)
cases = [
    case(volume, **{"class": "Dice"}),
    case(volume, **{"class": "Dice", "axis": [1, 2, 3]}),
    case(volume, weighted=True, **{"class": "Dice", "axis": [1, 2, 3]}),
    case(volume, weighted=True, **{"class": "Dice", "axis": [1, 2, 3], "reduction": "sum"}),
    case(volume, weighted=True, **{"class": "Dice", "axis": [1, 2, 3],
                                   "reduction": "mean_with_sample_weight"}),
    case(volume, **{"class": "Dice", "axis": [0, 1, 2, 3]}),
    case(volume, **{"class": "Dice", "axis": [1, 2, 3, 4]}),
    case(volume, **{"class": "Dice", "axis": [-1]}),
    case(volume, **{"class": "Dice", "axis": [2]}),
    case(mask, weighted=True, **{"class": "Dice"}),
    case(mask, **{"class": "Dice", "axis": [1, 2, 3, 4]}),
    case(volume, **{"class": "Tversky", "alpha": 0.7, "beta": 0.2, "axis": [1, 2, 3]}),
    case(mask, **{"class": "Tversky", "alpha": 0.3, "beta": 0.9}),
    case(mask, **{"class": "BinaryFocalCrossentropy"}),
    case(mask, **{"class": "BinaryFocalCrossentropy", "gamma": 1.5, "alpha": 0.7,
                  "apply_class_balancing": True, "label_smoothing": 0.1}),
    case(mask, weighted=True, **{"class": "BinaryFocalCrossentropy", "from_logits": True}),
    case(volume, **{"class": "CategoricalFocalCrossentropy"}),
    case(volume, weighted=True, **{"class": "CategoricalFocalCrossentropy", "from_logits": True,
                                   "alpha": [0.2, 0.5, 0.9], "gamma": 3.0}),
    case(volume, **{"class": "CategoricalFocalCrossentropy", "gamma": 0.0, "alpha": 1.0,
                    "label_smoothing": 0.1}),
]
print(json.dumps(cases))
