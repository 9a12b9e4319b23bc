/** The echo test: records some seconds of the microphone and plays them here. Nothing leaves the page. */

import type { EchoTest } from "./state.ts"

const RECORD_MS = 4000

export class Echo {
  readonly #heard: (to: EchoTest) => void
  #stop: (() => void) | null = null

  constructor(heard: (to: EchoTest) => void) {
    this.#heard = heard
  }

  async start(microphone: string, speaker: string): Promise<void> {
    this.stop()
    let stopped = false
    const undo: (() => void)[] = []
    const finish = (): void => {
      if (stopped) return
      stopped = true
      this.#stop = null
      for (const u of undo.reverse()) u()
      this.#heard("idle")
    }
    this.#stop = finish
    this.#heard("recording")
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: microphone === "" ? true : { deviceId: { exact: microphone } } })
      undo.push(() => {
        for (const track of stream.getTracks()) track.stop()
      })
      if (stopped) return void undo.pop()?.()
      const recorded = await record(stream, undo)
      if (stopped) return
      for (const track of stream.getTracks()) track.stop() // the light goes out before it plays
      const url = URL.createObjectURL(recorded)
      undo.push(() => URL.revokeObjectURL(url))
      const audio = new Audio(url)
      undo.push(() => audio.pause())
      if (speaker !== "" && "setSinkId" in audio) await audio.setSinkId(speaker).catch(() => undefined)
      audio.onended = finish
      audio.onerror = finish
      this.#heard("playing")
      await audio.play()
    } catch {
      finish() // no microphone, no permission, nothing to play: the devices page says which
    }
  }

  stop(): void {
    this.#stop?.()
  }
}

function record(stream: MediaStream, undo: (() => void)[]): Promise<Blob> {
  return new Promise((resolve, reject) => {
    const recorder = new MediaRecorder(stream)
    const parts: Blob[] = []
    recorder.ondataavailable = ({ data }) => parts.push(data)
    recorder.onerror = () => reject(new Error("echo test: recording failed"))
    recorder.onstop = () => resolve(new Blob(parts, { type: recorder.mimeType }))
    recorder.start()
    const timer = setTimeout(() => recorder.stop(), RECORD_MS)
    undo.push(() => {
      clearTimeout(timer)
      if (recorder.state !== "inactive") recorder.stop()
    })
  })
}
