// A model: its variables, and runs by the names of its levers. No part of this text depends on the
// model; all that does is data (`about`).

/** Numbers that one march may save, so that many runs do not need memory all at once. */
const ROOM = 4_000_000;
/** Where a series comes from; otherwise it is a constant. */
const COMPUTED = 0;
const PARAMETER = 1;

const canonical = (name) => name.replace(/[\s_]+/g, " ").trim().toLowerCase();

class Model {
  #about;
  #kernel;
  #parameters = new Map(); // canonical name: {rows, lever}
  #series = new Map(); // canonical name: places in about.series

  constructor(about, kernel) {
    this.#about = about;
    this.#kernel = kernel;
    const { start, step, saved } = about.kernel;
    this.name = about.name;
    this.mode = about.mode;
    this.time = Float64Array.from(saved, (k) => start + k * step);
    this.variables = Object.freeze(about.variables.map((variable) => this.#described(variable)));
    const fixed = new Set(about.fixed);
    about.levers.forEach((name, row) => {
      if (name) this.#parameters.set(canonical(name), { rows: [row], lever: !fixed.has(row) });
    });
    about.series.forEach(([name, , , whole], place) => {
      for (const each of new Set([canonical(name), canonical(whole ?? name)]))
        this.#series.set(each, [...(this.#series.get(each) ?? []), place]);
    });
  }

  /** A variable as users see it. */
  #described({ parameters, ...variable }) {
    const { fixed, levers, values } = this.#about;
    variable.lever = false;
    if (parameters) {
      variable.lever = !parameters.some((row) => fixed.includes(row));
      const numbers = parameters.map((row) => Number(values[row]));
      variable.value = numbers.length === 1 ? numbers[0] : numbers;
      if (numbers.length > 1) variable.elements = parameters.map((row) => levers[row]);
      this.#parameters.set(canonical(variable.name), { rows: parameters, lever: variable.lever });
    }
    return Object.freeze(variable);
  }

  /** One run with some constants changed: `{time, series, stopped}`. */
  run(levers = {}, options = {}) {
    return this.runMany([levers], options)[0];
  }

  /** Many runs side by side; the random numbers of each depend on its place in the list. */
  runMany(list, { save, seed = this.#about.seed } = {}) {
    if (!Number.isSafeInteger(seed) || seed < 0)
      throw new RangeError(`seed: expected a whole number of at least 0, got ${seed}`);
    const places = this.#chosen(save);
    const values = Array.from(list, (levers) => this.#values(levers));
    const { saved, shown, width } = this.#about.kernel;
    const size = Math.max(width, Math.floor(ROOM / Math.max(1, saved.length * shown)));
    const out = [];
    for (let first = 0; first < values.length; first += size) {
      const some = values.slice(first, first + size);
      const march = this.#kernel.march(some, some.map((_, m) => first + m), seed);
      some.forEach((own, m) => out.push(this.#read(march, own, m, places)));
    }
    return out;
  }

  /** The values of all parameters with these levers. */
  #values(levers) {
    const values = Float64Array.from(this.#about.values, Number);
    for (const [name, value] of Object.entries(levers)) {
      const { rows, lever } = this.#parameters.get(canonical(name)) ?? this.#unknown(name);
      if (!lever) throw new RangeError(`'${name}' sets the times of a run, which are fixed here`);
      if (typeof value !== "number" || !Number.isFinite(value))
        throw new RangeError(`'${name}': expected a finite number, got ${String(value)}`);
      for (const row of rows) values[row] = value;
    }
    return values;
  }

  #unknown(name) {
    const known = this.variables.some((v) => canonical(v.name) === canonical(name));
    throw new RangeError(`'${name}' is ${known ? "not a constant" : "not a name in this model"}`);
  }

  /** The places of the series to read. */
  #chosen(save) {
    if (save === undefined) return this.#about.series.map((_, place) => place);
    return [save].flat().flatMap((name) => {
      const found = this.#series.get(canonical(String(name)));
      if (!found) throw new RangeError(`'${name}' is not a series of this module`);
      return found;
    });
  }

  /** The result of member `m`; after a value that is not finite, what came before it. */
  #read({ value, stopped }, own, m, places) {
    const { saved, start, step } = this.#about.kernel;
    const end = stopped[m] < 0 ? Infinity : stopped[m];
    const kept = saved.filter((k) => k < end).length;
    const series = Object.create(null);
    for (const place of places) {
      const [name, source, number] = this.#about.series[place];
      const out = new Float64Array(kept);
      if (source === COMPUTED) for (let t = 0; t < kept; t++) out[t] = value(t, number, m);
      else out.fill(source === PARAMETER ? own[number] : Number(number));
      series[name] = out;
    }
    const time = this.time.slice(0, kept);
    return { time, series, stopped: stopped[m] < 0 ? null : start + stopped[m] * step };
  }
}

/** A model from its description and its packed code. */
async function loaded(about, base64) {
  const { instance } = await WebAssembly.instantiate(await unpacked(base64), {});
  return new Model(about, new Kernel(about.kernel, instance));
}
