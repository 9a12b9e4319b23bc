/** What of one frame is covered: the policy's verdict, carried out by the painter. */

import type { Box } from "../treatment.ts"

/** A face as a network found it. */
export interface Face extends Box {
  readonly score: number // 0..1
  readonly weak?: boolean // only one network says so, and not surely: it counts until all have looked
}

/** One box to be filled. Its fill stays the same for as long as the track lives. */
export interface Mask extends Box {
  readonly track: number // from 1, never used twice in one run
}

/** Where a person is: how likely each cell of a grid shows one. */
export interface Silhouette {
  readonly columns: number
  readonly rows: number
  readonly likely: Uint8Array // row by row, 0..255 for 0..1
}

/** Why everything is covered. */
export type Why = "loading" | "checking" | "dark" | "late"

export type Cover =
  | { readonly all: true; readonly why: Why }
  | { readonly all: false; readonly masks: readonly Mask[]; readonly person: Silhouette | null } // person: covered too, where it is likely
