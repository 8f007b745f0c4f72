import pytest

from bottega_engine.traces.families import FAMILIES, family_of


@pytest.mark.parametrize(
    ("name", "category", "family"),
    [
        ("aten::addmm", "cpu_op", "matmul"),
        ("ampere_bf16_s16816gemm_bf16_128x128_ldg8_f2f_stages_32x5_tn", "kernel", "matmul"),
        ("autograd::engine::evaluate_function: AddmmBackward0", "cpu_op", "matmul"),
        ("aten::scaled_dot_product_attention", "cpu_op", "attention"),
        ("aten::_log_softmax", "cpu_op", "other"),
        ("flash_fwd_kernel", "kernel", "attention"),
        ("aten::native_layer_norm", "cpu_op", "norm"),
        ("Optimizer.step#AdamW.step", "user_annotation", "optimizer"),
        ("aten::_foreach_addcdiv_", "cpu_op", "optimizer"),
        ("aten::linalg_vector_norm", "cpu_op", "optimizer"),
        ("ncclDevKernel_AllReduce_Sum_bf16_RING_LL", "kernel", "communication"),
        ("gloo:all_reduce", "cpu_op", "communication"),
        ("Memcpy HtoD (Pinned -> Device)", "gpu_memcpy", "copy"),
        ("aten::copy_", "cpu_op", "copy"),
        ("cudaLaunchKernel", "cuda_runtime", "host"),
        ("torch/nn/modules/linear.py(50): forward", "python_function", "host"),
        ("ProfilerStep#12", "user_annotation", "host"),
        ("aten::view", "cpu_op", "host"),
        ("TransposeBackward0", "cpu_op", "host"),
        ("aten::mul", "cpu_op", "other"),
        ("aten::broadcast_tensors", "cpu_op", "host"),
    ],
)
def test_family_follows_the_most_telling_word(name: str, category: str, family: str) -> None:
    assert family_of(name, category) == family
    assert family in FAMILIES
