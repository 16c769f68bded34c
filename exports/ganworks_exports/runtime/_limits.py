"""What a file may be, before it is refused."""

from __future__ import annotations

from dataclasses import dataclass

DOMAINS = ("", "ai.onnx")  # two names for ONNX's own operators

# None has a side effect. Left out: random operators, and those for texts, image files and sequences.
_OPERATORS = """
Abs Acos Acosh Add AffineGrid And ArgMax ArgMin Asin Asinh Atan Atanh Attention AveragePool
BatchNormalization BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor BlackmanWindow Cast CastLike
Ceil Celu CenterCropPad Clip Col2Im Compress Concat Constant ConstantOfShape Conv ConvInteger
ConvTranspose Cos Cosh CumSum DFT DeformConv DepthToSpace DequantizeLinear Det Div
DynamicQuantizeLinear Einsum Elu Equal Erf Exp Expand EyeLike Flatten Floor GRU Gather
GatherElements GatherND Gelu Gemm GlobalAveragePool GlobalLpPool GlobalMaxPool Greater
GreaterOrEqual GridSample GroupNormalization HammingWindow HannWindow HardSigmoid HardSwish Hardmax
Identity If InstanceNormalization IsInf IsNaN LRN LSTM LayerNormalization LeakyRelu Less LessOrEqual
Log LogSoftmax Loop LpNormalization LpPool MatMul MatMulInteger Max MaxPool MaxUnpool Mean
MeanVarianceNormalization MelWeightMatrix Min Mish Mod Mul Neg NonZero Not OneHot Or PRelu Pad Pow
QLinearConv QLinearMatMul QuantizeLinear RMSNormalization RNN Range Reciprocal ReduceL1 ReduceL2
ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare
Relu Reshape Resize ReverseSequence RotaryEmbedding Round STFT Scan ScatterElements ScatterND Selu
Shape Shrink Sigmoid Sign Sin Sinh Size Slice Softmax Softplus Softsign SpaceToDepth Split Sqrt
Squeeze Sub Sum Swish Tan Tanh ThresholdedRelu Tile TopK Transpose Trilu Unsqueeze Upsample Where
Xor
"""
OPERATORS = frozenset(_OPERATORS.split())


class ModelRefused(ValueError):  # noqa: N818  # the name says what happened
    """The file will not be run, or was stopped while it ran; one line says why."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Bounds of what is read. They do not bound what a model does when it runs: see `run_limited`."""

    file_bytes: int = 512 * 2**20
    entries: int = 500_000  # fields and single numbers in the file: bounds the time and memory of reading it
    depth: int = 8  # of graphs inside of graphs (If, Loop)


DEFAULT_LIMITS = Limits()


def first_line(error: BaseException, longest: int = 300) -> str:
    """Return what a library said, in one line: its messages can run to pages."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0].rpartition("Status Message: ")[2][:longest]  # after the place in onnxruntime's source
