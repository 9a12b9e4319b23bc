import type { VNode } from "preact"
import type { Links } from "../call/state.ts"
import { Drawn } from "./icons.tsx"
import { Button, LinkField, Page } from "./parts.tsx"
import type { View } from "./view.ts"

/** The first page: what this is, one button, and a field for a link. */
export const Start = ({ view, links }: { view: View; links: Links | null }): VNode => (
  <Page view={view} kind="start">
    <div class="front">{links === null ? <Welcome {...view} /> : <Made {...view} links={links} />}</div>
    <Screen />
  </Page>
)

const Welcome = (view: View): VNode => (
  <>
    <h1>{view.say("start.claim")}</h1>
    <p class="lede">{view.say("start.lede")}</p>
    <p class="soft">{view.say("start.lede-more")}</p>
    <div class="choices">
      <Button kind="main" onClick={() => view.act({ do: "new-meeting" })}>
        {view.say("start.new")}
      </Button>
    </div>
    <details class="paste">
      <summary>{view.say("link.paste")}</summary>
      <LinkField {...view} />
    </details>
  </>
)

/** Both links, once they are made: which one to give away, which one to keep. */
const Made = ({ links, act, say }: View & { links: Links }): VNode => (
  <>
    <h1>{say("start.links")}</h1>
    <p class="soft">{say("start.links-more")}</p>
    <section class="made" aria-labelledby="made-participant">
      <h2 id="made-participant">
        <Drawn icon="people" />
        {say("start.participant")}
      </h2>
      <p class="soft">{say("start.participant-more")}</p>
      <div class="row">
        <code class="link">{links.participant}</code>
        <Button kind="main" icon="copy" onClick={() => act({ do: "copy", text: links.participant })}>
          {say("copy.link")}
        </Button>
      </div>
    </section>
    <section class="made" aria-labelledby="made-moderator">
      <h2 id="made-moderator">
        <Drawn icon="star" />
        {say("start.moderator")}
      </h2>
      <p class="soft">{say("start.moderator-more")}</p>
      <div class="row wrap">
        <Button icon="copy" onClick={() => act({ do: "copy", text: links.moderator })}>
          {say("copy.moderator")}
        </Button>
        <Button icon="open" onClick={() => act({ do: "open-link", link: links.moderator })}>
          {say("start.as-moderator")}
        </Button>
      </div>
    </section>
  </>
)

/** The picture beside the words: a folding screen, and what is behind it. */
const Screen = (): VNode => (
  <svg class="scene" viewBox="0 0 480 520" aria-hidden="true" focusable="false">
    <circle class="sun" cx="266" cy="196" r="118" />
    <path class="floor" d="M0 452h480" />
    <path class="leaf a" d="M28 96 134 66v400L28 488Z" />
    <path class="leaf b" d="M134 66 240 96v392l-106-22Z" />
    <path class="leaf a" d="M240 96 346 66v400l-106 22Z" />
    <path class="leaf b" d="M346 66 452 96v392l-106-22Z" />
    <path
      class="branch"
      d="M28 372c60-34 92-18 142-62s66-104 128-122 84-2 154-46M170 310c26 4 48-4 62-22m36-82c-6-26 2-46 20-60m58 24c22 12 46 10 62-4"
    />
    <path class="hinge" d="M134 66v400M240 96v392M346 66v400" />
    <g class="buds">
      <circle cx="232" cy="288" r="7" />
      <circle cx="288" cy="146" r="8" />
      <circle cx="408" cy="166" r="7" />
      <circle cx="170" cy="310" r="5" />
      <circle cx="346" cy="170" r="6" />
      <circle cx="92" cy="346" r="6" />
      <circle cx="436" cy="150" r="5" />
    </g>
  </svg>
)
