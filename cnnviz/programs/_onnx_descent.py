"""Optimizers beside ONNX Runtime, which has none: differences of a surface's graph, and the rules in NumPy."""

from __future__ import annotations

from cnnviz.operation import Call

DESCENT = """

def f(x, y):
    return session.run(None, {{"x": x, "y": y}})[0]


# ONNX Runtime has no gradients: central differences, exact for polynomials up to degree 8.
AWAY = np.array([-4.0, -3.0, -2.0, -1.0, 1.0, 2.0, 3.0, 4.0]) / 32
WEIGHTS = np.array([1 / 280, -4 / 105, 1 / 5, -4 / 5, 4 / 5, -1 / 5, 4 / 105, -1 / 280]) * 32


def gradient(w):
    x, y = np.outer(w, np.ones(8))
    return np.array([f(x + AWAY, y) @ WEIGHTS, f(x, y + AWAY) @ WEIGHTS])


def descend(rule, steps, lr):
    w, memory = {start}, 0.0
    path = [w]
    for step in range(1, steps + 1):
        change, memory = rule(gradient(w), memory, step)
        w = w - lr * change
        path.append(w)
    return np.array(path)

"""

_RULES = {
    "SGD": """    v = {momentum} * memory + g
    return {direction}, v""",
    "Adagrad": """    total = memory + g**2
    return g / (np.sqrt(total) + 1e-10), total""",
    "RMSprop": """    square = {alpha} * memory + (1 - {alpha}) * g**2
    return g / (np.sqrt(square) + 1e-8), square""",
    "Adam": """    betas = np.array([[{betas[0]}], [{betas[1]}]])
    memory = betas * memory + (1 - betas) * np.array([g, g**2])
    mean, square = memory / (1 - betas**step)
    return mean / (np.sqrt(square) + 1e-8), memory""",
}


def rule_source(name: str, call: Call) -> str:
    """A function that gives the direction of a step, and what the next one must know."""
    o = {"momentum": 0, **call.options}
    o["direction"] = f"g + {o['momentum']} * v" if o.get("nesterov") else "v"
    body = _RULES[o["rule"]].format(**o)
    return f"def {name}(g, memory, step):\n{body}"
