import type { VNode } from "preact"
import { useRef } from "preact/hooks"
import type { EchoTest, Stage } from "../call/state.ts"
import { Meter, Pickers, Trouble } from "./devices.tsx"
import { Drawn } from "./icons.tsx"
import { Button, Page } from "./parts.tsx"
import { Picture } from "./picture.tsx"
import { CameraButton, MicrophoneButton } from "./toolbar.tsx"
import type { View } from "./view.ts"

export const LONGEST_NAME = 60 // characters

type At = Extract<Stage, { at: "prejoin" }>

/** Name, picture, devices; everything off until it is clicked. */
export const Prejoin = ({ view, stage }: { view: View; stage: At }): VNode => (
  <Page view={view} kind="prejoin">
    <section class="looks" aria-label={view.say("pre.preview")}>
      <Preview view={view} stage={stage} />
      <div aria-live="polite">
        <Trouble kind="camera" capture={view.state.devices.camera} view={view} />
        <Trouble kind="microphone" capture={view.state.devices.microphone} view={view} />
      </div>
      <SoundTest view={view} echo={stage.echo} />
    </section>
    <Entry view={view} moderator={stage.moderator} />
  </Page>
)

const Preview = ({ view, stage }: { view: View; stage: At }): VNode => {
  const { camera } = view.state.devices
  return (
    <div class="preview hued">
      {stage.preview === null ? (
        <p class="behind">{view.say(camera === "starting" ? "device.camera-starting" : "device.camera-off")}</p>
      ) : (
        <Picture stream={stage.preview} mirrored whole={false} />
      )}
      <div class="preview-controls">
        <MicrophoneButton {...view} />
        <CameraButton {...view} />
      </div>
    </div>
  )
}

/** Records and plays back, on this device alone. */
const SoundTest = ({ view, echo }: { view: View; echo: EchoTest }): VNode => {
  const { act, say } = view
  const running = echo !== "idle"
  return (
    <div class="sound-test">
      <Button icon="sound" onClick={() => act({ do: "echo-test", on: !running })}>
        {say(running ? "pre.test-stop" : "pre.test")}
      </Button>
      <div class="sound-test-words">
        <p class="hint" role="status">
          {echo === "idle" ? say("pre.test-hint") : say(`pre.test-${echo}`)}
        </p>
        <Meter {...view} />
      </div>
    </div>
  )
}

const Entry = ({ view, moderator }: { view: View; moderator: boolean }): VNode => {
  const { state, act, say } = view
  const name = useRef<HTMLInputElement>(null)
  const join = (event: Event): void => {
    event.preventDefault()
    if (state.name.trim() !== "") act({ do: "join" })
  }
  return (
    <form class="entry" onSubmit={join}>
      <h1>{say("pre.title")}</h1>
      {moderator && (
        <p class="as-moderator">
          <Drawn icon="star" />
          {say("pre.moderator")}
        </p>
      )}
      <div class="field">
        <label for="name">{say("pre.name")}</label>
        {/* The browser keeps the form back while the name is missing; the words about it are ours. */}
        <input
          ref={name}
          id="name"
          value={state.name}
          onInput={(e) => act({ do: "name", name: e.currentTarget.value })}
          onInvalid={(e) => {
            e.preventDefault()
            name.current?.focus()
          }}
          required
          pattern=".*\S.*"
          maxLength={LONGEST_NAME}
          autocomplete="off"
          spellcheck={false}
          aria-describedby="name-hint name-missing"
        />
        <p class="hint" id="name-hint">
          {say("pre.name-hint")}
        </p>
        <p class="missing" id="name-missing">
          {say("pre.name-missing")}
        </p>
      </div>
      <details class="more-devices">
        <summary>{say("pre.devices")}</summary>
        <Pickers {...view} />
      </details>
      <Button kind="main" submit>
        {say("pre.join")}
      </Button>
      <p class="hint centred">{say("pre.nothing-sent")}</p>
      <p class="promise">
        <Drawn icon="lock" />
        <span>{say("pre.e2ee")}</span>
      </p>
    </form>
  )
}
