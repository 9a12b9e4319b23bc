/**
 * Runs the machine: takes events in, performs the effects that follow and
 * hands every new state to the page. The only file that touches the world for
 * the machine.
 */

import { fromBase64Url, toBase64Url } from "../../../e2ee/worker/bytes.ts"
import { moderatorText, newLinks, parseFragment, parseLink, participantText } from "../../../e2ee/worker/link.ts"
import type { Link } from "../../../e2ee/worker/port.ts"
import { usableCodec } from "./codec.ts"
import { Devices } from "./devices.ts"
import { Echo } from "./echo.ts"
import { type Effect, type Event, first, step } from "./machine.ts"
import { MEDIA_CONTEXTS } from "./publish.ts"
import { Session } from "./session.ts"
import type { Action, Language, State } from "./state.ts"
import { keep, kept, takeFragment, takeReturn } from "./tab.ts"

const url = (): string => `${location.origin.replace(/^http/, "ws")}/signaling`

/** Starts the page. `draw` is called with every new state; the result is how it acts. */
export function run(draw: (state: State) => void): (action: Action) => void {
  const { language, theme } = kept()
  let model = first(language ?? preferred(), theme ?? "system", "setSinkId" in HTMLMediaElement.prototype)
  let link: Link | null = null
  let session: Session | null = null
  const tracks = new Map<keyof typeof MEDIA_CONTEXTS, MediaStreamTrack>()
  const streams: { camera: MediaStream | null; screen: MediaStream | null } = { camera: null, screen: null }
  let drawing = false

  function happen(event: Event): void {
    const [next, ...effects] = step(model, event)
    const changed = next !== model
    model = next
    for (const effect of effects) perform(effect)
    if (!changed || drawing) return
    drawing = true
    queueMicrotask(() => {
      drawing = false
      draw(model.state)
    })
  }

  const devices = new Devices({
    list: (list) => happen({ on: "devices", list }),
    capture: (source, to) => happen({ on: "capture", source, to }),
    lost: () => happen({ on: "device-lost" }),
    level: (level) => happen({ on: "level", level }),
    track(source, track) {
      if (track === null) tracks.delete(source)
      else tracks.set(source, track)
      if (source === "camera" || source === "screen") {
        streams[source] = track === null ? null : new MediaStream([track])
        happen({ on: "preview", ...streams })
      }
      session?.media.track(MEDIA_CONTEXTS[source], track)
      // With a device the browser may tell now what it kept back before.
      if (track !== null && session?.media.tested === false) void chooseCodec(session)
    },
  })
  const echo = new Echo((to) => happen({ on: "echo", to }))

  function perform(e: Effect): void {
    switch (e.do) {
      case "make-links":
        return void newLinks(location.origin).then((links) => happen({ on: "links", links }))
      case "open-link":
        return void openLink(e.link)
      case "forget-link":
        link = null
        return keep({ link: undefined })
      case "copy":
        return void navigator.clipboard?.writeText(e.text).then(
          () => happen({ on: "copied" }),
          () => undefined, // the text stands on the page and can be marked
        )
      case "capture":
        return e.on ? void devices.on(e.source, chosen(e.source)) : devices.off(e.source)
      case "release":
        return devices.close()
      case "speaker":
        return session?.media.speaker(e.id)
      case "echo":
        return e.on ? void echo.start(chosen("microphone"), model.state.devices.chosen.speaker) : echo.stop()
      case "prepare":
        void usableCodec(model.state.codec) // the test takes a moment: it runs while the person writes a name
        return void devices.list()
      case "join":
        return join(null)
      case "leave":
        return session?.leave()
      case "say":
        return session?.say(e.text)
      case "code":
        return session?.askCode()
      case "codec":
        return session === null ? undefined : void chooseCodec(session)
      case "keep":
        return keep({ language: model.state.language, theme: model.state.theme })
    }
  }

  const chosen = (source: "microphone" | "camera" | "screen"): string => (source === "screen" ? "" : model.state.devices.chosen[source])

  async function openLink(text: string): Promise<void> {
    const parsed = await parseLink(text.trim())
    if (parsed === null) return happen({ on: "opened", link: "bad", links: null })
    // Another server's link is that server's page.
    if (parsed.origin !== location.origin) return location.assign(text.trim())
    open(parsed.link)
  }

  function open(opened: Link): void {
    link = opened
    const participant = participantText(location.origin, opened)
    const moderator = moderatorText(location.origin, opened)
    keep({ link: (moderator === "" ? participant : moderator).slice(location.origin.length + 1) })
    happen({ on: "opened", link: opened.moderator === undefined ? "participant" : "moderator", links: { participant, moderator } })
  }

  function join(replaces: Uint8Array | null): void {
    if (link === null) return
    if (typeof RTCRtpScriptTransform === "undefined") return happen({ on: "ended", why: "unsupported" })
    const { state } = model
    const joined = new Session(
      { link, url: url(), name: state.name.trim(), replaces },
      {
        waiting: () => happen({ on: "waiting" }),
        securing: () => happen({ on: "securing" }),
        live: () => happen({ on: "live", at: Date.now() }),
        reconnecting: () => happen({ on: "reconnecting" }),
        reconnected: () => happen({ on: "reconnected" }),
        room: (room, showing) => happen({ on: "room", room, showing }),
        speaking: (people) => happen({ on: "speaking", people }),
        chat: (from, text) => happen({ on: "chat", from, text, at: Date.now() }),
        epoch: () => happen({ on: "epoch" }),
        code: (code) => happen({ on: "code", code }),
        ended(why) {
          session = null
          happen({ on: "ended", why })
        },
      },
    )
    session = joined
    joined.media.speaker(state.devices.chosen.speaker)
    for (const [source, track] of tracks) joined.media.track(MEDIA_CONTEXTS[source], track)
    void chooseCodec(joined)
  }

  /** Lets a session send, with a codec that was seen to work. Until one was, it sends nothing. */
  async function chooseCodec(of: Session): Promise<void> {
    const codec = await usableCodec(model.state.codec)
    if (codec === null) of.end("unsupported")
    else if (codec !== "unknown") of.media.codec(codec)
  }

  /** A page that was reloaded during a call goes on with it. */
  async function comeBack(back: NonNullable<ReturnType<typeof takeReturn>>): Promise<void> {
    const again = async (source: "microphone" | "camera", was: boolean): Promise<boolean> => {
      if (!was) return true
      if (!(await Devices.granted(source))) return false
      void devices.on(source, "")
      return true
    }
    const [microphone, camera] = await Promise.all([again("microphone", back.microphone), again("camera", back.camera)])
    happen({ on: "returned", name: back.name, silent: !(microphone && camera) })
    join(fromBase64Url(back.token))
  }

  async function begin(): Promise<void> {
    const fragment = takeFragment()
    const back = takeReturn(Date.now())
    const found = fragment === "" ? (kept().link ?? "") : fragment
    if (found === "") return
    const opened = await parseFragment(found)
    if (opened === null) return happen({ on: "opened", link: "bad", links: null })
    open(opened)
    if (fragment === "" && back !== null) await comeBack(back)
  }

  addEventListener("pagehide", () => {
    const token = session?.token
    if (token === null || token === undefined) return
    const { name, devices: d } = model.state
    const on = { microphone: d.microphone === "on", camera: d.camera === "on" }
    keep({ back: { token: toBase64Url(token), name, ...on, at: Date.now() } })
  })
  // Another link pasted into this tab's address bar changes the fragment only.
  addEventListener("hashchange", () => {
    if (location.hash === "") return
    session?.leave()
    void begin()
  })
  draw(model.state)
  void begin()
  return happen
}

const preferred = (): Language => {
  for (const tag of navigator.languages) {
    if (/^de\b/i.test(tag)) return "de"
    if (/^en\b/i.test(tag)) return "en"
  }
  return "en"
}
