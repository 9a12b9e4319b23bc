/**
 * Camera, microphone, screen and speaker. A device is opened only on a click
 * (the machine's "capture" effect) and turning it off ends its track, so that
 * the device's light goes out.
 */

import type { Capture, Device, DeviceKind } from "./state.ts"

export type Source = "microphone" | "camera" | "screen"

interface DevicesHeard {
  list(list: Record<DeviceKind, readonly Device[]>): void
  capture(source: Source, to: Capture): void
  /** The device went away while it was on. */
  lost(source: Source): void
  /** Tracks to send or show; null: none any more. */
  track(source: Source | "screenAudio", track: MediaStreamTrack | null): void
  /** Which camera was opened, and how wide by high its picture is: before its track. */
  sight(camera: string, aspect: number): void
  /** Own microphone, 0..1, ten times a second while it is on. */
  level(level: number): void
}

const METER_MS = 100

export class Devices {
  readonly #heard: DevicesHeard
  readonly #streams = new Map<Source, MediaStream>()
  readonly #wanted = new Map<Source, number>() // the newest request; an older one that comes late is let go
  #requests = 0
  #meter: { context: AudioContext; timer: ReturnType<typeof setInterval> } | null = null

  constructor(heard: DevicesHeard) {
    this.#heard = heard
    navigator.mediaDevices?.addEventListener("devicechange", () => void this.list())
  }

  async list(): Promise<void> {
    const all = (await navigator.mediaDevices?.enumerateDevices().catch(() => [])) ?? []
    const of = (kind: MediaDeviceKind): Device[] =>
      all.filter((d) => d.kind === kind && d.deviceId !== "").map((d) => ({ id: d.deviceId, label: d.label }))
    this.#heard.list({ camera: of("videoinput"), microphone: of("audioinput"), speaker: of("audiooutput") })
  }

  /** Turns a source on, on the chosen device ("": the system's), in place of what it shows now. */
  async on(source: Source, device: string): Promise<void> {
    const request = ++this.#requests
    this.#wanted.set(source, request)
    this.#heard.capture(source, "starting")
    let stream: MediaStream
    try {
      stream = await open(source, device)
    } catch (e) {
      if (this.#wanted.get(source) === request) {
        this.#end(source)
        this.#heard.capture(source, why(e))
      }
      return
    }
    if (this.#wanted.get(source) !== request) return stop(stream)
    this.#end(source)
    this.#streams.set(source, stream)
    const track = (source === "microphone" ? stream.getAudioTracks() : stream.getVideoTracks())[0]
    if (track === undefined) return this.off(source)
    track.addEventListener("ended", () => {
      if (this.#streams.get(source) !== stream) return
      this.off(source)
      if (source !== "screen") this.#heard.lost(source) // a screen ends by the browser's own button
    })
    if (source === "microphone") this.#measure(stream)
    if (source === "camera") {
      const { deviceId = device, width = 0, height = 0 } = track.getSettings()
      if (width > 0 && height > 0) this.#heard.sight(deviceId, width / height)
    }
    if (source === "screen") {
      track.contentHint = "detail" // letters stay sharp when the network is slow
      this.#heard.track("screenAudio", stream.getAudioTracks()[0] ?? null)
    }
    this.#heard.track(source, track)
    this.#heard.capture(source, "on")
    void this.list() // names are told only now
  }

  off(source: Source): void {
    this.#wanted.delete(source)
    this.#end(source)
    this.#heard.capture(source, "off")
  }

  /** Whether the source may be opened without a question to the person. */
  static async granted(source: "microphone" | "camera"): Promise<boolean> {
    try {
      return (await navigator.permissions.query({ name: source as PermissionName })).state === "granted"
    } catch {
      return false // this browser does not say: better not ask
    }
  }

  close(): void {
    for (const source of [...this.#streams.keys(), ...this.#wanted.keys()]) this.off(source)
  }

  #end(source: Source): void {
    const stream = this.#streams.get(source)
    if (stream === undefined) return
    this.#streams.delete(source)
    stop(stream)
    this.#heard.track(source, null)
    if (source === "screen") this.#heard.track("screenAudio", null)
    if (source !== "microphone") return
    clearInterval(this.#meter?.timer)
    void this.#meter?.context.close()
    this.#meter = null
    this.#heard.level(0)
  }

  #measure(stream: MediaStream): void {
    const context = new AudioContext()
    const analyser = context.createAnalyser()
    analyser.fftSize = 512
    context.createMediaStreamSource(stream).connect(analyser)
    const samples = new Float32Array(analyser.fftSize)
    const timer = setInterval(() => {
      analyser.getFloatTimeDomainData(samples)
      const power = samples.reduce((sum, s) => sum + s * s, 0) / samples.length
      // -60 dBov is silence, 0 dBov the loudest.
      this.#heard.level(power > 0 ? Math.min(1, Math.max(0, 1 + Math.log10(power) / 6)) : 0)
    }, METER_MS)
    this.#meter = { context, timer }
  }
}

const stop = (stream: MediaStream): void => {
  for (const track of stream.getTracks()) track.stop()
}

function open(source: Source, device: string): Promise<MediaStream> {
  const chosen: MediaTrackConstraints = device === "" ? {} : { deviceId: { exact: device } }
  switch (source) {
    case "microphone":
      return navigator.mediaDevices.getUserMedia({
        audio: { ...chosen, echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1 },
      })
    case "camera":
      return navigator.mediaDevices.getUserMedia({
        video: { ...chosen, width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30, max: 30 } },
      })
    case "screen":
      return navigator.mediaDevices.getDisplayMedia({ video: { frameRate: { max: 15 } }, audio: true })
  }
}

function why(e: unknown): Capture {
  switch (e instanceof DOMException ? e.name : "") {
    case "NotAllowedError":
    case "SecurityError":
      return "denied"
    case "NotFoundError":
    case "OverconstrainedError":
      return "missing"
    default:
      return "busy"
  }
}
