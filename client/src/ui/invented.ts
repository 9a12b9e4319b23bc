/** States nobody was in, for the gallery and for tests; not part of the client. */

import type { Masking, MeetingRules, Moderation, RoomRules, Tile } from "../call/state.ts"
import { NO_TREATMENT, NO_ZONES } from "../mask/treatment.ts"

export const rules: MeetingRules = {
  lobby: true,
  passphrase: "",
  tickets: false,
  verify: false,
  masked: false,
  unmoderated: "lock",
  from: null,
  until: null,
  host: "",
}

const room: RoomRules = {
  lobby: true,
  locked: false,
  quiet: false,
  chat: true,
  share: true,
  tickets: false,
  verify: false,
  masked: false,
  passphrase: false,
  banned: false,
  unmoderated: "lock",
}

/** Nothing is masked; `more` changes that. */
export const unmasked = (more: Partial<Masking> = {}): Masking => ({
  camera: NO_TREATMENT,
  screen: NO_ZONES,
  standing: { is: "off" },
  screenStanding: { is: "off" },
  required: false,
  rememberable: true,
  remembered: false,
  ...more,
})

/** Who decides in a usual call, seen by a participant; `more` and `changed` make it unusual. */
export const invented = (more: Partial<Moderation> = {}, changed: Partial<RoomRules> = {}): Moderation => ({
  role: "participant",
  holder: false,
  rules: { ...room, ...changed },
  lobby: [],
  lobbyFull: false,
  events: [],
  present: true,
  endsAt: null,
  maySpeak: true,
  handUp: false,
  compare: "none",
  unconfirmed: false,
  renewed: false,
  invitations: [],
  ...more,
})

/** Somebody with everything off. */
export const someone = (person: string, more: Partial<Tile> = {}): Tile => ({
  person,
  self: false,
  name: person,
  moderator: false,
  microphone: false,
  camera: false,
  masked: "off",
  unmasked: false,
  video: null,
  screen: null,
  speaking: false,
  away: false,
  emoji: "",
  role: "participant",
  appointed: false,
  hand: 0,
  maySpeak: true,
  compared: false,
  reaction: "",
  ...more,
})
