/** What the demo is doing, told as it happens. */
export type ProgressEvent =
  | { readonly kind: 'begin'; readonly step: string; readonly title: string }
  | { readonly kind: 'detail'; readonly step: string; readonly text: string }
  | { readonly kind: 'end'; readonly step: string; readonly ok: boolean; readonly seconds: number }
  | { readonly kind: 'note'; readonly text: string };

export type Tell = (event: ProgressEvent) => void;

/** Runs one step and tells its begin, details and end. Steps may overlap. */
export async function step<T>(
  tell: Tell,
  name: string,
  title: string,
  work: (detail: (text: string) => void) => Promise<T>,
): Promise<T> {
  const startedAt = performance.now();
  const end = (ok: boolean): void =>
    tell({ kind: 'end', step: name, ok, seconds: (performance.now() - startedAt) / 1000 });
  tell({ kind: 'begin', step: name, title });
  try {
    const result = await work((text) => tell({ kind: 'detail', step: name, text }));
    end(true);
    return result;
  } catch (error) {
    end(false);
    throw error;
  }
}
