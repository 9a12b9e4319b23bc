/** Who may do what. The words and the table are those of signaling/may.go; what this side refuses is never even sent. */

import type { Order } from "../../../e2ee/worker/port.ts"
import type { Role } from "./state.ts"

/** A holder has the moderator link; other moderators were appointed by one. Waiting: not in. */
export type Part = "waiting" | Role | "holder"

export type Doing =
  | "knock"
  | "takePart" // in the group, in data and in receiving media
  | "publish" // sending media
  | "rules"
  | "renew" // another link generation
  | "admit"
  | "deny"
  | "note"
  | "remove"
  | "unseat" // removing a holder
  | "stop"
  | "appoint"
  | "end"

const ALL: readonly Part[] = ["viewer", "participant", "moderator", "holder"]
const MODERATORS: readonly Part[] = ["moderator", "holder"]

const ALLOWED: Readonly<Record<Doing, readonly Part[]>> = {
  knock: ["waiting"],
  takePart: ALL,
  publish: ["participant", "moderator", "holder"],
  rules: MODERATORS,
  renew: ["holder"],
  admit: MODERATORS,
  deny: MODERATORS,
  note: MODERATORS,
  remove: MODERATORS,
  unseat: ["holder"],
  stop: MODERATORS,
  appoint: ["holder"],
  end: MODERATORS,
}

export const may = (part: Part, doing: Doing): boolean => ALLOWED[doing].includes(part)

/** What an order does. `holder`: it takes the room from somebody who has the moderator link. */
export function doingOf(order: Order, holder: boolean): Doing {
  switch (order.order) {
    case "remove":
    case "ban":
    case "lobby":
      return holder ? "unseat" : "remove"
    case "dismiss":
    case "speech":
    case "revoke":
      return "rules"
    default:
      return order.order
  }
}
