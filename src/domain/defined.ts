/** An object whose entries may be undefined, as one in which those are left out. */
export type Defined<T extends object> = {
  [K in keyof T as undefined extends T[K] ? never : K]: T[K];
} & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/**
 * Leaves out the entries that are undefined: an optional property is there or is not
 * (`exactOptionalPropertyTypes`), and `toEqual` and JSON then agree.
 */
export const defined = <T extends object>(entries: T): Defined<T> =>
  Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined)) as Defined<T>;
