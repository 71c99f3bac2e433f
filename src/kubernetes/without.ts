/** A plain copy of an object without some of its fields. */
export function without<T extends object, K extends keyof T & string>(value: T, keys: K[]): Omit<T, K> {
  const kept = Object.entries(value).filter(([key]) => !keys.includes(key as K));
  return Object.fromEntries(kept) as Omit<T, K>;
}
