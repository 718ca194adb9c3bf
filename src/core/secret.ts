const mask = '[secret]';

/**
 * A value that must not be seen: it prints as a mask wherever it is turned into text (string, JSON; the
 * field is private, so inspection does not see it either), and is
 * read only by naming what one does.
 */
export class Secret<T> {
  readonly #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  /** The value itself. Call it where it is used, never to keep it. */
  reveal(): T {
    return this.#value;
  }

  toString(): string {
    return mask;
  }

  toJSON(): string {
    return mask;
  }
}
