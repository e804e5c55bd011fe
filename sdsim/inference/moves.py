"""Moves of many chains at once: what evolution and tempering propose.

ter Braak, C. J. F. and Vrugt, J. A. (2008). Statistics and Computing 18, 435-446: differences from
an archive, and the snooker.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sdsim.inference.mixture import Mixture
from sdsim.inference.proposal import Proposal
from sdsim.inference.target import Floats, stream

#: Shares of the moves: independent draws, local steps, the snooker; the rest are differences.
INDEPENDENT, LOCAL, SNOOKER = 0.45, 0.15, 0.1
#: (n, k) where moves lead, and what they add to the difference of log densities.
Moved = tuple[Floats, Floats | float]


def propose(
    points: Floats, archive: Floats, proposal: Proposal, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Where each of n chains would go, by a move of its own choice, in warped coordinates.

    Parameters
    ----------
    points : (n, k) where they are.
    archive : (m, k) earlier points, and ``proposal`` fitted to some; neither may change while the
        moves are to leave a distribution as it is.

    Returns
    -------
    (n, k) points, and (n,) what to add to the difference of log densities: the log ratio of the way
    back to the way there.
    """
    n = len(points)
    warp, mixture = proposal.warp, proposal.mixture
    here, volume = warp.scores(points)
    past = warp.scores(archive)[0]
    there, ratio = here.copy(), np.zeros(n)
    ends = np.cumsum([INDEPENDENT, LOCAL, SNOOKER])
    kind = np.searchsorted(ends, rng.random(n), side="right")
    for number, move in enumerate((_independent, _local, _snooker, _difference)):
        some = np.flatnonzero(kind == number)
        if len(some):
            there[some], ratio[some] = move(here[some], past, mixture, rng)
    new = warp.points(there)
    return new, ratio + volume - warp.scores(new)[1]


def moved(
    points: Floats,
    archives: Floats,
    proposals: Sequence[Proposal],
    seed: int,
    stage: str,
    done: int,
) -> tuple[Floats, Floats, Floats]:
    """Proposals for all chains of all groups (group, chain, k).

    archives, proposals : of each half of each group, made from the other half. A move that knew a
        chain's own place would lead it out of the tails too often, and spreads would come out too
        small.

    Returns
    -------
    (group, chain, k) points; (group, chain) what `propose` adds; (group, chain) logarithms of
    uniform numbers: a gain above them is taken.
    """
    rngs = [stream(seed, stage, part, done) for part in range(len(proposals))]
    each = zip(halves(points), archives, proposals, rngs, strict=True)
    new, ratio = zip(*(propose(*one) for one in each), strict=True)
    luck = np.log([r.random(points.shape[1] // 2) for r in rngs])
    shape = points.shape[:2]
    return (
        np.array(new).reshape(points.shape), np.array(ratio).reshape(shape), luck.reshape(shape),
    )  # fmt: skip


def halves(points: Floats) -> Floats:
    """(group, chain, ...) as (2 group, chain / 2, ...)."""
    groups, chains = points.shape[:2]
    return points.reshape(2 * groups, chains // 2, *points.shape[2:])


def swapped(parts: Floats) -> Floats:
    """(2 group, ...) in which each half stands where the other of its group stood."""
    pairs = parts.reshape(-1, 2, *parts.shape[1:])
    return pairs[:, ::-1].reshape(parts.shape)


def _independent(
    points: Floats, archive: Floats, mixture: Mixture, rng: np.random.Generator
) -> Moved:
    """A draw from the mixture, wherever the chain is."""
    new = mixture.draw(len(points), rng)
    return new, mixture.log_density(points) - mixture.log_density(new)


def _local(points: Floats, archive: Floats, mixture: Mixture, rng: np.random.Generator) -> Moved:
    """A step with the shape of a component that answers for where the chain is."""
    n, k = points.shape
    here = mixture.shares(points)
    which = (np.cumsum(here, axis=0) > rng.random(n)).argmax(axis=0)
    z = rng.standard_normal((n, k)) * _size(n, rng)[:, None] * 2.38 / np.sqrt(k)
    new = points + np.einsum("nij,nj->ni", mixture.factor[which], z)
    there, at = mixture.shares(new), np.arange(n)
    with np.errstate(divide="ignore"):
        return new, np.log(there[which, at]) - np.log(here[which, at])


def _difference(
    points: Floats, archive: Floats, mixture: Mixture, rng: np.random.Generator
) -> Moved:
    """A step along the difference of two points of the archive, in all or some coordinates."""
    n, k = points.shape
    one, two = _rows(archive, n, 2, rng)
    moved = rng.random((n, k)) < rng.choice([2 / k, 0.3, 1.0, 1.0], n)[:, None]
    moved[np.arange(n), rng.integers(0, k, n)] = True
    size = 2.38 / np.sqrt(2 * moved.sum(axis=1)) * _size(n, rng)
    size = np.where(rng.random(n) < 0.1, 1.0, size)
    tiny = 1e-6 * archive.std(axis=0) * rng.standard_normal((n, k))
    return points + np.where(moved, size[:, None] * (one - two) + tiny, 0.0), 0.0


def _snooker(points: Floats, archive: Floats, mixture: Mixture, rng: np.random.Generator) -> Moved:
    """A step along the line to a point of the archive."""
    n, k = points.shape
    pole, one, two = _rows(archive, n, 3, rng)
    line = points - pole
    length2 = np.maximum((line**2).sum(axis=1), 1e-300)
    along = ((one - two) * line).sum(axis=1) / length2
    new = points + (rng.uniform(1.2, 2.2, n) * along)[:, None] * line
    after2 = np.maximum(((new - pole) ** 2).sum(axis=1), 1e-300)
    return new, 0.5 * (k - 1) * np.log(after2 / length2)


def _size(n: int, rng: np.random.Generator) -> Floats:
    """Shorter steps for some: near bounds and bends long ones never end where they may."""
    return np.where(rng.random(n) < 0.5, 1.0, 10 ** -rng.random(n))


def _rows(archive: Floats, n: int, count: int, rng: np.random.Generator) -> list[Floats]:
    """``count`` different rows of the archive for each of n chains."""
    at: NDArray[np.int64] = rng.integers(0, len(archive) - np.arange(count)[:, None], (count, n))
    for i in range(1, count):
        for earlier in np.sort(at[:i], axis=0):
            at[i] += at[i] >= earlier
    return [archive[rows] for rows in at]
