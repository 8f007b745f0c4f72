"""Which family an operator belongs to. The one table; the browser only paints what it says."""

import re

FAMILIES = ("matmul", "attention", "norm", "optimizer", "communication", "copy", "host", "other")

_HOST_CATEGORIES = frozenset(
    {"python_function", "cuda_runtime", "cuda_driver", "overhead", "user_annotation"}
)
_COPY_CATEGORIES = frozenset({"gpu_memcpy", "gpu_memset"})

# The first pattern found in a name decides, so a fused kernel is what its most telling word says.
_PATTERNS = tuple(
    (family, re.compile(pattern, re.IGNORECASE))
    for family, pattern in (
        (
            "communication",
            r"nccl|gloo|c10d|all_?reduce|all_?gather|reduce_?scatter|all_?to_?all"
            r"|DistributedDataParallel|record_param_comms",
        ),
        ("attention", r"attention|attn|flash_|fmha|sdpa|(?<!log_)softmax"),
        (
            "optimizer",
            r"optimizer|_foreach_|multi_tensor|fused_adam|adamw|\bsgd\b|clip_grad|linalg_vector_norm|addcdiv",
        ),
        ("norm", r"(layer|rms|batch|group|instance)_?norm"),
        (
            "matmul",
            r"gemm|cutlass|cublas|mkldnn|conv(olution|\dd)"
            r"|(?<![a-z])(matmul|b?mm|add(b?mm|mv)|baddbmm|linear|einsum|t?dot|mv)(?![a-z_]|_)"
            r"|(?<![a-z])(mm|bmm|addmm|linear|mv|dot)Backward",
        ),
        (
            "copy",
            r"memcpy|memset|copy|aten::(_?to(_copy)?|clone|contiguous|fill_|zero_|zeros\w*|cat|stack|pin_memory)$",
        ),
        (
            "host",
            r"^cuda[A-Z]|^cu[A-Z]|dataloader|ProfilerStep|profiler"
            r"|aten::(empty\w*|view\w*|_?reshape\w*|_unsafe_view|as_strided\w*|expand\w*|t|transpose|permute"
            r"|slice|select|squeeze|unsqueeze|detach\w*|item|_local_scalar_dense|is_nonzero|resize_|alias"
            r"|narrow|split|chunk|unbind|lift_fresh|resolve_\w+|result_type|broadcast_tensors)$"
            r"|^detach\w*$"
            r"|(?<![a-z])(Unsafe)?(View|Reshape|ReshapeAlias|T|Transpose|Permute|Select|Slice|Squeeze|Unsqueeze"
            r"|Expand|Unbind|Split)Backward",
        ),
    )
)


def family_of(name: str, category: str) -> str:
    """The family of a slice, from its name and the category that Kineto gives it."""
    if category in _COPY_CATEGORIES:
        return "copy"
    if category in _HOST_CATEGORIES and not name.startswith("Optimizer."):
        return "host"
    for family, pattern in _PATTERNS:
        if pattern.search(name):
            return family
    return "other"
