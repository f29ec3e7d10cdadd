"""What a scene cannot show: one line that names the option and the value, and what would work."""

from __future__ import annotations

import re
import shlex

import numpy as np
import pytest

from cnnviz import UsageError
from cnnviz.pipeline import make

REFUSED = {
    "activation relu --alpha 1": "no --alpha: .*leaky-relu, elu",
    'activation elu --logits "1 2"': "no --logits: .*softmax",
    "activation --lo 3 --hi 3": "--lo 3 is not below --hi 3",
    "activation softmax --logits 1": "logits hold 1 numbers: give 2 to 6",
    "activation softmax --hi 10000": "--hi 10000 .*use −700 to 700",
    'attention --key "1 2; 3 4"': "--key is 2×2, but there are 3 tokens of 2 numbers",
    'batch-norm --gamma "1 2 3"': "3 numbers for 2 channels",
    'batch-norm --input "1 2; 3 4" --batch 3': "--batch asks for 3",
    'batch-norm --input "1 2"': "2 to 32 rows",
    "batch-norm --beta 1e9": r"beta 1e\+09",
    'batch-norm --input "1e7; 1"': "-1000000 to 1000000",
    "batch-norm --eps 0": "1e-12 or more",
    'batch-norm-inference --batches "1 2"': "--batches",
    'chain --weights1 "1 2 3"': "--weights1",
    'cnn --layers "conv 4@3x3, relu"': "--layers.*4×26×26.*50",
    'cnn --layers "fc 3" --label 5': "--label 5.*fc 6",
    "cnn --i 20": "--input.*28×28.*--i",
    "cnn --weights 3": "--weights file '3'",
    "conv --i 3 --k 5": r"3 \+ 2·0\): use --p 1 or more, or --k 3 or less",
    "conv --i 4 --k 3 --d 3": "spans 7, .*use --p 2 or more, or --k 2 or less",
    "conv --i 500 --k 3 --p 10": "520×520 cells, more than 512 a side: use a smaller --p or --i",
    "conv --i 200 --k 1": "40000 steps, more than 4096",
    "conv --i 100 --k 40": "5953600 cells in 3721 steps, more than 100000",
    'conv --input "1 2; 3 4" --i 3': "2×2, but --i asks for 3×3: use --i 2",
    "conv --channels 3 --groups 2": "--groups 2.*channels, 3.*--groups 1",
    "conv --filters 2 --bias 1,2": "'1.2'.*'1 2'",
    "conv --s 2 --p same --i 6": "stride 1.*--p 0,1",
    "conv --p 5 --padding-mode reflect": "size 5.*4 or less",
    "conv --p wide": "'wide'.*0,1.*same",
    'conv-backward --grad-output "1 2 3"': "--grad-output is 1×3",
    "conv-backward --channels 3 --groups 2": "--groups 2",
    'conv-relation --input "1 2 3" --k 2': "give more rows",
    "conv1d --causal --p 1": "--causal",
    "conv1d --stack 1,2,x": "1,2,4,8",
    "conv1d --stack 1,2 --d 2": "--d 2",
    "conv1d --stack 1,2 --i 30": "24 or less",
    'conv1d --input "1 2; 3 4"': "a signal has one",
    "conv3d --depth 3 --kernel-depth 4": "kernel 4 does not fit the padded input 3",
    'deformable-conv --offset "1 2; 3 4"': "--offset is 2×2: give 9×2 numbers, or an array of 18×3×3",
    "flatten --channels 10 --i 7": "490 numbers",
    "fully-connected --inputs 9": "8 or less",
    'fully-connected --input "1 2; 3 4"': "one row of values",
    'fully-connected --input "1 2" --inputs 3': "--inputs asks for 3",
    'fully-connected --input "1 2 3" --weights "1 2; 3 4"': "give 3 columns",
    'fully-connected --bias "1 2 3" --outputs 2': "give 2, or one for all",
    'fully-connected --input "1 2000000 3"': "below 100000",
    "gradient-descent --start 9,9": r"start \(9, 9\) .*use x from -4\.5 to 4\.5 and y from",
    'gradient-descent --start "1 2 3"': "3 numbers: give two",
    "gradient-descent --momentum 0 --optimizer nesterov": r"use --momentum 0\.9, or --optimizer sgd",
    "im2col --i 5 --k 5": "25 rows and 1 columns, more than 16 and 36",
    "im2col --compare --s 2": "leave --s out",
    "loss huber --margin 1": "no --margin: .*hinge, all",
    "loss cross-entropy --label 2": "--label 2 .*use 0 to 1",
    "loss hinge --label 0": "--label 0 .*use -1 or 1",
    "loss cross-entropy --hi 1": r"--hi 1 .*use 0\.001 to 0\.999",
    "lrn --k 0 --input zeros": "--k above 0",
    "lrn --k 0 --alpha 1e-09 --beta 4 --input ones": "a larger --k or a smaller --beta",
    "lrn --channels 64 --i 8x9": "4608 steps",
    'lrn --input "1 2; 3 4" --channels 3': "give 3 rows",
    "norm group --groups 3 --channels 4": "--groups 1 or 2 or 4",
    "norm instance --i 1": "--i 2 or more",
    'norm --input "1 2; 3 4; 5 6" --batch 2 --channels 2': "give 4 rows",
    "norm bacth": "batch",
    "padding --i 2 --p 2": "--i 3 or more",
    "padding --k 9": "3: use --i 5 or more",
    "patch-embed --i 5x7 --patch 3": "use --i 6x9",
    "pool --output-size 2 --k 3": "--output-size.*--k",
    "pool avg --d 2": "--d.*max",
    "pool --no-count-include-pad": "--no-count-include-pad.*avg",
    "pool --p 2": "--p 1.*--k 4",
    'receptive-field --layers "conv 3, cnov 3"': "layer 2 'cnov 3': .*did you mean conv",
    'receptive-field --layers "conv 3, pool"': "layer 2 'pool': write it as maxpool 2",
    'receptive-field --layers "conv 3, conv 7 d2" --i 6': "layer 2 .*kernel 7 dilated to 13 .*input 4",
    'receptive-field --layers "conv 60, conv 9"': "see 68 cells a side, more than 64",
    "residual --projection 2": "--projection",
    "shapes --i 64x64": "--i '64x64' is not a size",
    'shapes --layers "conv 3"': "layer 1 'conv 3' .*: write it as conv 16@3",
    'shapes --layers "conv 4@3, linear 2"': "layer 2 'linear 2' .* put flatten before it",
    'shapes --layers "flatten, pool 2"': "layer 2 'pool 2' .*takes maps",
    'shapes --i 1x4x4 --layers "pool 2, conv 4@3"': "layer 2 .*kernel 3 does not fit the padded input 2",
    "softmax-cross-entropy --label 7": "--label 7",
    'training --layers "fc 3"': "fc 2",
    "transposed-conv --output-padding 2 --d 2": "--output-padding 1",
    "transposed-conv --p 4": "--p 3",
    "transposed-conv --i 300": "--i.*--s.*--k",
    "transposed-conv --kernel 3": "--k 3.*--kernel 3",
    "transposed-conv --channels 2 --view overlap": "--view scatter",
    "unpool --i 2 --k 3": "use --k 2 or less, or --i 3 or more",
    "upsample pixel-shuffle --scale 4": "--scale 4 makes 16 channels",
}


@pytest.mark.parametrize("command", REFUSED)
def test_what_cannot_be_is_one_line_that_names_what_would_work(cnnviz, command):
    done = cnnviz(*shlex.split(command))
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert re.search(REFUSED[command], done.err), done.err


@pytest.mark.parametrize(
    ("shape", "more", "said"),
    [
        ((3, 5, 5), {"kernel": np.ones((2, 4, 3, 3))}, "4 channels"),
        ((3, 5, 5), {"channels": 2}, "3 channels.*leave --channels out"),
        ((2049, 2, 2), {"k": 1}, "2049×2×2.*at most 2048"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(shape, more, said):
    with pytest.raises(UsageError, match=said):
        make("conv", input=np.ones(shape), **more)
