/** A fault of the network that can be made and undone. */
export interface NetworkFault {
  /** For people: what is wrong between whom. */
  readonly title: string;
  /** Why this machine cannot make it; null: it can. Changes nothing. */
  readonly obstacle: () => Promise<string | null>;
  /** Makes it. Once more: it is as new, and counts from 0. @throws Problem */
  readonly apply: () => Promise<void>;
  /** Whether packets have met it, each way that it was made for. */
  readonly isInEffect: () => Promise<boolean>;
  /** Takes away exactly what `apply` made, also when that is gone already or was never made. @throws Problem */
  readonly undo: () => Promise<void>;
}
