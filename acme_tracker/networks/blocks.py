"""The one block that our networks are made of: convolution, batch norm, ReLU."""

from __future__ import annotations

import copy
from typing import TypeVar

import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from torch import Tensor, nn

_EPSILON, _MOMENTUM = 1e-3, 0.03

AnyModule = TypeVar("AnyModule", bound=nn.Module)


class ConvBlock(nn.Module):
    """Convolution with "same" padding, batch norm, ReLU.

    With `branches`, a 1x1 convolution and, where the shapes allow it, the identity, each with its
    own batch norm, run beside it while training and fold into it afterwards (RepVGG, Ding et al.
    2021).
    """

    def __init__(
        self, inputs: int, outputs: int, stride: int = 1, kernel: int = 3, branches: bool = False
    ) -> None:
        super().__init__()
        self.main = _normed_conv(inputs, outputs, stride, kernel)
        self.point: nn.Sequential | None = None
        self.identity: nn.BatchNorm2d | None = None
        self._stride = stride
        if branches:
            self.point = _normed_conv(inputs, outputs, 1, 1)
            if inputs == outputs and stride == 1:
                self.identity = _norm(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) -> (B, outputs, H / stride, W / stride)."""
        y: Tensor = self.main(x)
        if self.point is not None:
            # Not by its own stride: in torch 2.15 on CPUs the gradient of such a 1x1 convolution
            # destroys the heap where it has fewer than 16 inputs (oneDNN, channels last).
            y = y + self.point(F.avg_pool2d(x, 1, self._stride) if self._stride > 1 else x)
        if self.identity is not None:
            y = y + self.identity(x)
        return F.relu(y)

    def folded(self) -> nn.Sequential:
        """One plain convolution and its ReLU that compute the same in evaluation mode."""
        conv, norm = self._conv_and_norm(self.main)
        weight, bias = _fold(conv.weight, norm)
        if self.point is not None:
            point, norm = self._conv_and_norm(self.point)
            extra = _fold(F.pad(point.weight, [conv.kernel_size[0] // 2] * 4), norm)
            weight, bias = weight + extra[0], bias + extra[1]
        if self.identity is not None:
            kernel = torch.zeros_like(conv.weight)
            nn.init.dirac_(kernel)
            extra = _fold(kernel, self.identity)
            weight, bias = weight + extra[0], bias + extra[1]
        plain = nn.Conv2d(
            conv.in_channels,
            conv.out_channels,
            conv.kernel_size[0],
            conv.stride[0],
            conv.kernel_size[0] // 2,
        )
        with torch.no_grad():
            plain.weight.copy_(weight)
            assert plain.bias is not None
            plain.bias.copy_(bias)
        return nn.Sequential(plain, nn.ReLU())

    @staticmethod
    def _conv_and_norm(pair: nn.Sequential) -> tuple[nn.Conv2d, nn.BatchNorm2d]:
        conv, norm = pair
        assert isinstance(conv, nn.Conv2d)
        assert isinstance(norm, nn.BatchNorm2d)
        return conv, norm


def folded(network: AnyModule) -> AnyModule:
    """A copy for inference, on the CPU, in which every block is one plain convolution."""
    plain = copy.deepcopy(network).cpu().eval()
    for parent in list(plain.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, ConvBlock):
                setattr(parent, name, child.folded())
    return plain


def multiply_adds(network: nn.Module, size: tuple[int, int]) -> int:
    """Multiply-adds of the convolutions and linear layers for one picture of (width, height)."""
    total = 0

    def count(layer: nn.Module, _: object, y: Tensor) -> None:
        nonlocal total
        assert isinstance(layer, nn.Conv2d | nn.Linear)
        total += layer.weight.numel() * y[0, 0].numel()

    layers = [m for m in network.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    hooks = [layer.register_forward_hook(count) for layer in layers]
    training = network.training
    with torch.no_grad():
        network.eval()(torch.zeros(1, 3, size[1], size[0]))
    network.train(training)
    for hook in hooks:
        hook.remove()
    return total


def _normed_conv(inputs: int, outputs: int, stride: int, kernel: int) -> nn.Sequential:
    conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
    nn.init.kaiming_normal_(conv.weight, mode="fan_out", nonlinearity="relu")
    return nn.Sequential(conv, _norm(outputs))


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=_EPSILON, momentum=_MOMENTUM)


def _fold(weight: Tensor, norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """Weight and bias of a convolution that includes the batch norm after it."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    return weight * scale[:, None, None, None], norm.bias - norm.running_mean * scale
