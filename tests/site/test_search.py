"""The search, through the theme's own worker: what comes first, where it leads."""

# ruff: noqa: RUF001

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from browsing import ASK, table

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

# What is typed, and the page with its section that must come first.
ENGLISH = """
softmax -> concepts/loss-functions/#softmax
vanishing gradient -> concepts/vanishing-and-exploding-gradients/#early-layers
he init -> concepts/vanishing-and-exploding-gradients/#initialization
weight decay -> concepts/regularization/#l2-and-weight-decay
why 1x1 -> concepts/one-by-one-convolution/
overfitting -> concepts/overfitting-and-underfitting/
cross entropy -> concepts/loss-functions/#information
batch norm -> concepts/vanishing-and-exploding-gradients/#normalization
dropout -> concepts/regularization/#dropout
learning rate -> concepts/gradient-descent/#learning-rate
backprop -> concepts/forward-and-backward/
receptive field -> concepts/convolution/#receptive-field
dying relu -> concepts/activation-functions/#dying-relu
max pool -> concepts/pooling/#definition
gradient check -> concepts/forward-and-backward/#gradient-check
adam -> concepts/gradient-descent/#adam
early stopping -> concepts/regularization/#early-stopping
one-hot -> glossary/#one-hot-encoding
1x1 -> concepts/one-by-one-convolution/
1x1 convolution -> concepts/one-by-one-convolution/
relu -> concepts/activation-functions/#functions
sigmoid -> concepts/activation-functions/#functions
kl divergence -> concepts/loss-functions/#information
maxpool -> concepts/pooling/#definition
sofmax -> concepts/loss-functions/#softmax
overfiting -> concepts/overfitting-and-underfitting/
saddle point -> concepts/gradient-descent/#saddle
softmax_cross_entropy -> reference/losses/#nnref.losses.softmax_cross_entropy
max_pool2d -> reference/pooling/#nnref.pooling.max_pool2d
double descent -> concepts/overfitting-and-underfitting/#double-descent
bias variance -> concepts/overfitting-and-underfitting/#bias-variance
label smoothing -> concepts/loss-functions/#label-smoothing
residual connection -> concepts/vanishing-and-exploding-gradients/#residual
what is pooling -> concepts/pooling/
momentum -> concepts/gradient-descent/#momentum
regularisation -> concepts/regularization/
convolution -> concepts/convolution/
im2col -> concepts/convolution/#im2col
softmax cross entropy -> concepts/loss-functions/#gradient
normalisation -> concepts/vanishing-and-exploding-gradients/#normalization
gradeint descent -> concepts/gradient-descent/
convolutoin -> concepts/convolution/
batch_norm -> reference/normalization/#nnref.normalization.batch_norm
exploding gradients -> concepts/vanishing-and-exploding-gradients/#magnitude-not-sign
l2 regularization -> concepts/regularization/
data augmentation -> concepts/regularization/#augmentation
cnn -> concepts/convolutional-networks/
conv2d -> reference/convolution/#nnref.convolution.conv2d
log-sum-exp -> concepts/loss-functions/#log-sum-exp
universal approximation -> concepts/activation-functions/#universal
bottleneck -> concepts/one-by-one-convolution/#bottleneck
data parallelism -> concepts/data-parallel/
data parallel -> concepts/data-parallel/
all-reduce -> concepts/data-parallel/#all-reduce
"""
CHINESE = """
交叉熵 -> concepts/loss-functions/#information
反向传播 -> concepts/forward-and-backward/
学习率 -> concepts/gradient-descent/#learning-rate
池化 -> concepts/pooling/
过拟合 -> concepts/overfitting-and-underfitting/
权重衰减 -> concepts/regularization/#l2-and-weight-decay
梯度消失 -> concepts/vanishing-and-exploding-gradients/#early-layers
卷积核 -> concepts/convolution/#one-channel
批量归一化 -> concepts/vanishing-and-exploding-gradients/#normalization
激活函数 -> concepts/activation-functions/
感受野 -> concepts/convolution/#receptive-field
正则化 -> concepts/regularization/
1x1卷积 -> concepts/one-by-one-convolution/
softmax函数 -> concepts/loss-functions/#softmax
1×1 卷积 -> concepts/one-by-one-convolution/
什么是池化 -> concepts/pooling/
为什么使用1x1卷积 -> concepts/one-by-one-convolution/
欠拟合 -> concepts/overfitting-and-underfitting/#underfitting
早停 -> concepts/regularization/#early-stopping
动量 -> concepts/gradient-descent/#momentum
残差 -> concepts/vanishing-and-exploding-gradients/#residual
softmax 交叉熵 -> concepts/loss-functions/#gradient
梯度下降 -> concepts/gradient-descent/
损失函数 -> concepts/loss-functions/
最大池化 -> concepts/pooling/#definition
交叉验证 -> concepts/overfitting-and-underfitting/#folds
数据增强 -> concepts/regularization/#augmentation
鞍点 -> concepts/gradient-descent/#saddle
梯度裁剪 -> concepts/vanishing-and-exploding-gradients/#clipping
链式法则 -> concepts/forward-and-backward/#one-sample
双下降 -> concepts/overfitting-and-underfitting/#double-descent
全局平均池化的作用 -> concepts/pooling/#definition
卷积神经网络 -> concepts/convolutional-networks/
前向传播 -> concepts/forward-and-backward/#forward
梯度爆炸 -> concepts/vanishing-and-exploding-gradients/#magnitude-not-sign
L2正则化 -> concepts/regularization/
平移不变性 -> concepts/pooling/#shift
标签平滑 -> concepts/loss-functions/#label-smoothing
KL散度 -> concepts/loss-functions/#information
初始化 -> concepts/vanishing-and-exploding-gradients/#initialization
步幅 -> concepts/convolution/#stride
填充 -> concepts/convolution/#padding
丢弃法 -> concepts/regularization/#dropout
随机梯度下降 -> concepts/gradient-descent/#minibatches
通用近似定理 -> concepts/activation-functions/#universal
独热编码 -> glossary/#one-hot-encoding
数据并行 -> concepts/data-parallel/
分片 -> concepts/data-parallel/#weighted-mean
"""

Answers = dict[str, list[list[dict[str, Any]]]]


@pytest.fixture(scope="module")
def answers(browser: Browser, address: str) -> Answers:
    """The results for every query, in one session."""
    page = browser.new_page()
    page.goto(address)
    queries = [*table(ENGLISH), *table(CHINESE), "qqqq"]
    found: Answers = page.evaluate(ASK, queries)
    page.close()
    return found


@pytest.mark.parametrize("queries", [ENGLISH, CHINESE], ids=["English", "Chinese"])
def test_what_explains_it_comes_first(answers: Answers, queries: str) -> None:
    """At least 30 queries a language; 95 in 100 lead to the right section first."""
    wanted = table(queries)
    assert len(wanted) >= 30
    first = {q: answers[q][0][0]["location"] if answers[q] else "" for q in wanted}
    wrong = [f"{q}: {first[q]}" for q in wanted if first[q] != wanted[q]]
    assert len(wrong) <= 0.05 * len(wanted), "\n".join(wrong)


def test_what_is_nowhere_is_not_found(answers: Answers) -> None:
    assert answers["qqqq"] == []


def test_concepts_come_before_reference_and_glossary(answers: Answers) -> None:
    """For the terms that a concept page explains."""
    for query, place in (table(ENGLISH) | table(CHINESE)).items():
        if place.startswith("concepts/"):
            kinds = [group[0]["location"].partition("/")[0] for group in answers[query]]
            assert kinds[0] == "concepts", query


def test_results_say_what_they_are(answers: Answers) -> None:
    """Three titles are those of a concept page and of a reference page."""
    for query in ("what is pooling", "convolution", "regularisation"):
        parts = [part for group in answers[query] for part in group]
        tags = {tag for part in parts for tag in part.get("tags", [])}
        assert {"Concept", "Reference", "Glossary"} <= tags, query


def test_excerpts_hold_a_formula_once(site: Path) -> None:
    """No LaTeX beside what it looks like; none of what only repeats the reference.

    As it reads in a line: without tags, the square would be θ2.
    """
    index = json.loads((site / "search" / "search_index.json").read_text("utf-8"))
    assert len(index["docs"]) > 500
    for entry in index["docs"]:
        assert "# nnref 0." not in entry["text"], entry["location"]
        if not entry["location"].startswith(("concepts/", "glossary/")):
            continue
        text = re.sub(r"<(pre|code)>.*?</\1>", "", entry["text"], flags=re.DOTALL)
        assert not re.search(r"\\[a-z]+|_\{|\^\{", text), entry["location"]
        if entry["location"].endswith("gradient-descent/#learning-rate"):
            assert "f=c θ²/2 the curvature is ∂²f/∂θ²=c." in text


def results(page: Page, query: str) -> Any:
    page.locator(".md-search__input").first.click()
    page.keyboard.insert_text(query)
    found = page.locator(".md-search-result__link")
    found.first.wait_for(state="attached")
    return found


@pytest.mark.parametrize(
    ("query", "place", "mark"),
    [
        ("sofmax", "concepts/loss-functions/?h=softmax#softmax", "softmax"),
        ("学习率", "#learning-rate", "learning rate"),
        ("张量", "#tensor", "张量"),
    ],
)
def test_a_result_leads_to_its_section_and_marks_the_words(
    tab: Callable[..., Page], address: str, query: str, place: str, mark: str
) -> None:
    page = tab(address)
    link = results(page, query).first
    assert place in (link.get_attribute("href") or "")
    assert link.locator(".md-tag").count() == 1
    page.goto(str(link.get_attribute("href")))
    marks = page.locator(".md-content mark[data-md-highlight]")
    marks.first.wait_for(state="attached")
    texts = [text.lower() for text in marks.all_inner_texts()]
    assert any(mark in text for text in texts), texts[:5]
