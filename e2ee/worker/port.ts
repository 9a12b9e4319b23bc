/**
 * Every message between the page and the two workers, and between the workers.
 *
 * The page creates both workers and gives each one end of a MessageChannel
 * (`keys`), so that media keys go from the group worker to the media worker
 * without passing through the page.
 */

/** Who a media frame or data message is about: the context field of the KID. */
export type Context = 0 | 1 | 2 | 3 | 4
export const MICROPHONE = 0
export const CAMERA = 1
export const SCREEN = 2
export const SCREEN_AUDIO = 3
export const DATA = 4

/** 16 random bytes in lower-case hex: the person's id on the wire and in its leaf. */
export type PersonId = string

// ---- Page and group worker (group.worker.ts) ----

export interface Link {
  readonly secret: Uint8Array // L, 32 bytes
  readonly moderators: Uint8Array // mh, 16 bytes
  readonly moderator?: Uint8Array // M, 32 bytes: only in a moderator link
}

/** What wire.Join needs, signed for one connection's nonce. */
export interface Proof {
  readonly room: Uint8Array
  readonly moderators: Uint8Array
  readonly joinKey: Uint8Array
  readonly joinSignature: Uint8Array
  readonly moderator?: { readonly signatureKey: Uint8Array; readonly kemKey: Uint8Array; readonly signature: Uint8Array }
  readonly person: Uint8Array
  readonly keyPackage: Uint8Array
}

export interface Adding {
  readonly person: Uint8Array
  readonly keyPackage: Uint8Array
}

/** A data message before sealing. Sealed, signed and padded by the group worker. */
export type Message =
  | { readonly t: "hello"; readonly name: string; readonly media: Media }
  | { readonly t: "media"; readonly media: Media }
  | { readonly t: "chat"; readonly text: string }

/** Which of the sender's tracks is what: media ids of its publish SDP; "" while off. */
export interface Media {
  readonly microphone: string
  readonly camera: string
  readonly screen: string
  readonly screenAudio: string
}

/** One leaf of the group, as every member agrees on it. */
export interface Member {
  readonly person: PersonId
  readonly leaf: number
  readonly self: boolean
  readonly emoji: string // 4 emoji of SHA-256(signature key), stable for the call
  readonly key: string // signature key, lower-case hex: what was said under another key was said by somebody else
}

export type ToGroup =
  /** Must be first. Chooses a fresh person id and signature key. */
  | { readonly do: "open"; readonly link: Link; readonly keys: MessagePort }
  /** Signs the nonce and makes a fresh KeyPackage. Answered by "proof". */
  | { readonly do: "prove"; readonly nonce: Uint8Array }
  /** A fresh KeyPackage for Resume or Resync. Answered by "key-package". */
  | { readonly do: "key-package" }
  /** Creates the group with this person alone (wire Joined/Resumed/Regroup with found). */
  | { readonly do: "found" }
  | { readonly do: "nominate"; readonly epoch: number; readonly adds: readonly Adding[]; readonly removes: readonly Uint8Array[] }
  | { readonly do: "committed"; readonly epoch: number; readonly commit: Uint8Array }
  | { readonly do: "rejected"; readonly epoch: number }
  | { readonly do: "welcome"; readonly epoch: number; readonly welcome: Uint8Array }
  /** Forgets the group and its keys, but not the link: nothing is sealed until the next "found" or "welcome". */
  | { readonly do: "disband" }
  /** Seals a message for one person or for all; answered by "data". */
  | { readonly do: "say"; readonly to?: Uint8Array; readonly message: Message }
  | { readonly do: "hear"; readonly from: Uint8Array; readonly body: Uint8Array }
  /** Answered by "code" for the present epoch. */
  | { readonly do: "code" }
  /** Erases every key and answers nothing any more. */
  | { readonly do: "forget" }

export type FromGroup =
  | { readonly on: "proof"; readonly proof: Proof }
  | { readonly on: "key-package"; readonly epoch: number; readonly keyPackage: Uint8Array }
  /** A commit this person made as nominee: to be sent as wire.Commit. */
  | {
      readonly on: "commit"
      readonly epoch: number
      readonly commit: Uint8Array
      readonly welcome?: Uint8Array
      readonly adds: readonly Uint8Array[]
      readonly removes: readonly Uint8Array[]
    }
  /** A new epoch is in force: its keys are with the media worker. */
  | { readonly on: "epoch"; readonly epoch: number; readonly members: readonly Member[]; readonly added: readonly PersonId[] }
  | { readonly on: "data"; readonly to?: Uint8Array; readonly body: Uint8Array }
  | { readonly on: "heard"; readonly from: PersonId; readonly moderator: boolean; readonly message: Message }
  /** Ten emoji and thirty digits, both of the present epoch. */
  | { readonly on: "code"; readonly epoch: number; readonly emoji: readonly string[]; readonly digits: string }
  /** The group cannot be followed any more: send wire.Resync. */
  | { readonly on: "resync"; readonly epoch: number; readonly keyPackage: Uint8Array }
  /** This worker is of no further use; nothing may be sent. */
  | { readonly on: "fault"; readonly why: string }

// ---- Page and media worker (media.worker.ts) ----

/** What a transform is for; passed as RTCRtpScriptTransform options. */
export type TransformOptions =
  | { readonly side: "send"; readonly id: string; readonly context: Context }
  | { readonly side: "receive"; readonly id: string; readonly kind: "audio" | "video" }

export type ToMedia =
  | { readonly do: "open"; readonly keys: MessagePort }
  /** Whose frames the receive transform `id` may let through. Null: none. `turn` comes back with "opened". */
  | {
      readonly do: "bind"
      readonly id: string
      readonly turn: number
      readonly from: { readonly leaf: number; readonly context: Context } | null
    }
  /** Asks for "counts" of every transform. */
  | { readonly do: "count" }
  | { readonly do: "forget" }

/** How many frames a transform has seen since it was attached, by outcome. */
export interface Counts {
  readonly id: string
  readonly side: "send" | "receive"
  readonly passed: number // sealed or opened
  readonly noKey: number
  readonly forged: number // did not open, or malformed
  readonly replayed: number
  readonly foreign: number // another leaf or context than bound
}

export type FromMedia =
  /** The transform runs: only now may its sender get a track. */
  | { readonly on: "attached"; readonly id: string }
  | { readonly on: "counts"; readonly counts: readonly Counts[] }
  /** Loudness per receive transform, at most 10 times a second; 0..127 -dBov as in RFC 6464. */
  | { readonly on: "levels"; readonly levels: readonly { readonly id: string; readonly level: number; readonly voice: boolean }[] }
  /** The receive transform has let its first frame through since it was bound with `turn`: only now is its picture that person's. */
  | { readonly on: "opened"; readonly id: string; readonly turn: number }
  /** Frames of an epoch this person does not have have been arriving for 3 s. */
  | { readonly on: "stuck" }

// ---- Group worker to media worker, over `keys` ----

export type Keys =
  | {
      readonly epoch: number
      /** HKDF key of the SFrame base key (RFC 9605, section 5.2), not extractable. */
      readonly baseKey: CryptoKey
      /** This person's own leaf. */
      readonly leaf: number
      /** Every leaf in the tree. */
      readonly members: readonly number[]
      /** Leaves whose keys of older epochs are deleted at once. */
      readonly removed: readonly number[]
    }
  | { readonly epoch: -1 } // forget everything
