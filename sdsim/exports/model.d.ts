export interface Variable {
  readonly name: string;
  readonly kind: "stock" | "flow" | "auxiliary" | "constant" | "lookup" | "data";
  readonly units: string;
  /** Declared range; null for an open end. */
  readonly low: number | null;
  readonly high: number | null;
  readonly group: string;
  readonly documentation: string;
  /** Whether its series can be read. */
  readonly saved: boolean;
  /** Whether a run may change it. */
  readonly lever: boolean;
  /** Of a constant: its value, or those of its elements. */
  readonly value?: number | readonly number[];
  readonly elements?: readonly string[];
}

export interface Run {
  /** The times at which values were saved, in the model's unit of time. */
  readonly time: Float64Array;
  /** The values of each variable, or of each of its elements, at these times. */
  readonly series: Readonly<Record<string, Float64Array>>;
  /** The time at which a value was no longer finite; null if the run reached its end. */
  readonly stopped: number | null;
}

export interface Options {
  /** Names of the series to read; all by default. */
  save?: string | readonly string[];
  /** Of the random functions. */
  seed?: number;
}

export type Levers = Partial<Record<Lever, number>>;

export interface Model {
  readonly name: string;
  /** "exact": every digit is the native engine's; "fast": see the documentation of sdsim export. */
  readonly mode: "exact" | "fast";
  readonly time: Float64Array;
  readonly variables: readonly Variable[];
  run(levers?: Levers, options?: Options): Run;
  runMany(list: readonly Levers[], options?: Options): Run[];
}

export function load(): Promise<Model>;
export default load;
