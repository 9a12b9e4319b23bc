/** The page's end of the two workers of the call. Nothing else in the page starts code, the mask's workers included. */

import type { FromGroup, FromMedia, ToGroup, ToMedia } from "../../../e2ee/worker/port.ts"

const SCRIPTS = ["/e2ee-group.js", "/e2ee-media.js", "/mask.js"] as const

interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): { createScriptURL(url: string): string }
}

// The only strings that may become code here are the three above; the page's
// CSP allows this one policy and no other way from a string to a script.
const policy = (() => {
  const rules = {
    createScriptURL(url: string): string {
      if ((SCRIPTS as readonly string[]).includes(url)) return url
      throw new TypeError("not a script of ours")
    },
  }
  const types = (globalThis as { trustedTypes?: TrustedTypes }).trustedTypes
  return types === undefined ? rules : types.createPolicy("paravent", rules)
})()

const start = (script: (typeof SCRIPTS)[number]): Worker => new Worker(policy.createScriptURL(script), { type: "module" })

export interface Workers {
  /** Transforms of RTCRtpSender and RTCRtpReceiver are made with this one. */
  readonly media: Worker
  toGroup(message: ToGroup): void
  toMedia(message: ToMedia): void
  /** Erases the keys, then ends both workers. */
  end(): void
}

interface WorkersHeard {
  group(message: FromGroup): void
  media(message: FromMedia): void
}

/** Starts the media worker alone, as the codec self-test needs it. */
export const startMediaWorker = (): Worker => start("/e2ee-media.js")

/** Starts a worker that treats pictures: see mask/port.ts. Its script is loaded when this is first called. */
export const startMaskWorker = (): Worker => start("/mask.js")

/** What the group worker opens: a link, perhaps with a stay to go on with, or a key for its ticket. */
export type Opens = Omit<Extract<ToGroup, { do: "open" }>, "do" | "keys">

/** Starts both workers, joined by a channel of their own for the keys, and opens the link in the group worker. */
export function startWorkers(opens: Opens, heard: WorkersHeard): Workers {
  const group = start("/e2ee-group.js")
  const media = startMediaWorker()
  group.onmessage = ({ data }) => heard.group(data as FromGroup)
  media.onmessage = ({ data }) => heard.media(data as FromMedia)
  group.onerror = () => heard.group({ on: "fault", why: "group worker" })
  media.onerror = () => heard.group({ on: "fault", why: "media worker" })

  const keys = new MessageChannel()
  const toGroup = (message: ToGroup, move: Transferable[] = []): void => group.postMessage(message, move)
  const toMedia = (message: ToMedia, move: Transferable[] = []): void => media.postMessage(message, move)
  toGroup({ do: "open", ...opens, keys: keys.port1 }, [keys.port1])
  toMedia({ do: "open", keys: keys.port2 }, [keys.port2])
  return {
    media,
    toGroup,
    toMedia,
    end() {
      toGroup({ do: "forget" })
      toMedia({ do: "forget" })
      group.terminate()
      media.terminate()
    },
  }
}
