/** Of which grade a picture is, by how it was treated. */

import type { Grade } from "../../../e2ee/worker/port.ts"
import { strengthOf } from "../mask/treated.ts"
import { type Treatment, treats } from "../mask/treatment.ts"

/** What comes of a treatment. */
export const gradeOf = (treatment: Treatment): Grade => (treatment.strength !== "off" ? "masked" : treats(treatment) ? "treated" : "raw")

/** A treatment of another grade has another track (treating.ts). */
export function gradeOfTrack(track: MediaStreamTrack): Grade {
  const strength = strengthOf(track)
  return strength === undefined ? "raw" : strength === "off" ? "treated" : "masked"
}
