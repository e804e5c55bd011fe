// The engine's compiled code for one model: memory to work in, and marches of many members. See
// sdsim/backends/llvm/memory.py, which does the same for native code.

const DOUBLE = 8;
const LINE = 64;
const PAGE = 65536;

/** Bytes from their packed text. */
async function unpacked(base64) {
  const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

class Kernel {
  #about;
  #code;

  constructor(about, instance) {
    this.#about = about;
    this.#code = instance.exports;
  }

  /**
   * March members side by side. `values`: the parameters of each; `numbers`: what selects the
   * random numbers of each. Returns `value(time, row, member)`, and the number of the step at which
   * each member stopped, -1 if none did.
   */
  march(values, numbers, seed) {
    const { shown, width } = this.#about;
    const members = values.length;
    const count = Math.max(members, width); // the last is repeated, its copies are not read
    const at = this.#laid(count, values[0].length);
    this.#write(at, count, values, numbers, seed);
    const { start, step, steps, tape } = this.#about;
    if (tape) this.#code.tape(start, step, BigInt(steps), at.tape);
    this.#code.march(at.job);
    const saved = this.#about.saved.length;
    const results = new Float64Array(this.#code.memory.buffer, at.out, saved * shown * count);
    const stops = new BigInt64Array(this.#code.memory.buffer, at.stopped, members);
    return {
      value: (time, row, member) => results[(time * shown + row) * count + member],
      stopped: Array.from(stops, Number),
    };
  }

  /** Addresses of all arrays, in memory that is large enough. */
  #laid(count, parameters) {
    const { words, saved, steps, stages, tape, shown, frame, kept, buffers, width, heap } = this.#about;
    const moments = (steps + 1) * (stages === 1 ? 1 : 3);
    const sizes = {
      job: words.length, params: parameters * count, numbers: count, saved: saved.length + 1,
      tape: moments * tape, out: saved.length * shown * count, stopped: count, counter: 1,
      frame: frame * width, ring: kept * width, lags: buffers * (width + 2),
    };
    let next = heap;
    const at = {};
    for (const [name, size] of Object.entries(sizes)) {
      at[name] = next;
      next += Math.ceil((size * DOUBLE) / LINE) * LINE;
    }
    const { memory } = this.#code;
    const missing = Math.ceil((next - memory.buffer.byteLength) / PAGE);
    if (missing > 0) memory.grow(missing);
    return at;
  }

  #write(at, count, values, numbers, seed) {
    const { words, saved, step, steps, width } = this.#about;
    const memory = new DataView(this.#code.memory.buffer);
    const whole = (address, value) => memory.setBigInt64(address, BigInt(value), true);
    const real = (address, value) => memory.setFloat64(address, value, true);
    for (let m = 0; m < count; m++) {
      const own = Math.min(m, values.length - 1);
      values[own].forEach((value, p) => real(at.params + (p * count + m) * DOUBLE, value));
      whole(at.numbers + m * DOUBLE, numbers[own]);
    }
    [...saved, -1].forEach((k, i) => whole(at.saved + i * DOUBLE, k));
    whole(at.counter, 0);
    const whole_words = {
      ...at, stride: DOUBLE * count, seed: BigInt.asIntN(64, BigInt(seed)), steps, count,
      blocks: Math.ceil(count / width), last: count - width,
    };
    const real_words = { step, half: 0.5 * step, sixth: step / 6 };
    words.forEach((word, i) => {
      const address = at.job + i * DOUBLE;
      if (word in real_words) real(address, real_words[word]);
      else whole(address, whole_words[word] ?? 0);
    });
  }
}
