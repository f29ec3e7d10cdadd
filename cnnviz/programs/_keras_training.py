"""Gradients in Keras, which takes them in fit alone: down a surface, a single step, whole epochs."""

TRAINER = """# Keras takes gradients in fit alone: a layer holds the weights, and its output is the loss.
class Loss(keras.layers.Layer):
    def __init__(self, function, weights):
        super().__init__()
        self.function = function
        self.values = [
            self.add_weight(shape=w.shape, initializer=lambda *_, w=w, **__: keras.ops.array(w))
            for w in weights
        ]

    def call(self, batch):
        return 0 * batch + self.function(*self.values)


def train(optimizer, function, weights, steps):
    layer = Loss(function, weights)
    model = keras.Sequential([keras.Input((1,)), layer])
    model.compile(optimizer, loss=lambda label, loss: loss)
    for _ in range(steps):
        yield [keras.ops.convert_to_numpy(w) for w in layer.values]
        model.train_on_batch(np.zeros((1, 1)), np.zeros((1, 1)))
    yield [keras.ops.convert_to_numpy(w) for w in layer.values]

"""
EPOCHS = """

# Keras takes gradients in fit alone: a model holds the weights, and its output is the loss.
class Loss(keras.Model):
    def __init__(self, weights):
        super().__init__()
        self.values = [
            self.add_weight(shape=w.shape, initializer=lambda *_, w=w, **__: keras.ops.array(w))
            for w in weights
        ]

    def call(self, examples):
        x, labels = examples
        return 0 * labels + forward(x, labels, *self.values)[-1]


model = Loss(weights)
model.compile({optimizer}, loss=lambda label, loss: loss)
rng = np.random.default_rng({seed})
losses = [float(model((x, labels))[0])]
for rate in rates:
    model.optimizer.learning_rate = rate
    order = rng.permutation(len(x))
    for at in range(0, len(x), {batch}):
        batch = order[at : at + {batch}]
        model.train_on_batch((x[batch], labels[batch]), labels[batch])
    losses.append(float(model((x, labels))[0]))
"""
DESCENT = """
def descend(optimizer, steps):
    start = START
    return np.array([w for [w] in train(optimizer, lambda w: f(w[0], w[1]), [start], steps)])
"""
