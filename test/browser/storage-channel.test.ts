import { expect } from 'vitest'
import type { openStorageChannel } from '../../packages/client/src/storage-channel.ts'
import { isOnDisk, itemsOf, NAME, type Origin, openPage, soon, type Tab, tabsTest } from './tabs.ts'

// What the pages have in their global scope.
interface Opened {
  channel: ReturnType<typeof openStorageChannel>
  heard: unknown[]
}
declare const openChannel: (name: string) => Opened
declare const channel: Opened['channel']
declare const written: [key: string, value: string][]

const SECRET = 'eyJ-a-token-that-nobody-may-store'

tabsTest(
  'five tabs, opened at the same instant, each hear the other four once and in order',
  async (origin) => {
    const tabs = await origin.openTabs(5)
    await expectProcessesOfTheirOwn(origin, tabs)

    await Promise.all(
      // Four times six: with more than 32 that wait for it, a tab that the machine holds up is forgotten for a while.
      tabs.map((tab, from) => tab.post(...Array.from({ length: 6 }, (_, n) => ({ from, n })))),
    )
    await expectHeardFromEachOther(tabs, 6)
    // What came twice would be there before what was sent after it.
    await Promise.all(tabs.map((tab, from) => tab.post({ from, n: 6 })))
    await expectHeardFromEachOther(tabs, 7)
    for (const tab of tabs) await soon(tab.items).toEqual(itemsOf(...tabs))
  },
)

tabsTest('no message can be read in the storage or on the disk', async ({ openTabs }) => {
  const [first, second, crashed] = (await openTabs(3)) as [Tab, Tab, Tab]
  await crash(crashed)
  await first.store('control', SECRET.toUpperCase())
  await first.post({ accessToken: SECRET })
  await soon(second.heard).toEqual([{ accessToken: SECRET }])
  await second.post({ accessToken: SECRET })
  await soon(first.heard).toEqual([{ accessToken: SECRET }])

  const written = [...(await first.written()), ...(await second.written())].flat().join('\n')
  expect(written).toContain(SECRET.toUpperCase())
  expect(written).toContain(`${NAME} ${second.id} ${first.id}`)
  for (const text of disguisesOf(SECRET)) expect(written).not.toContain(text)

  // What the crashed tab does not read stays long enough for the browser to write it to the disk, some seconds later.
  const inTime = { timeout: 90_000 }
  await soon(() => isOnDisk(`${NAME} ${crashed.id} ${first.id}`), inTime).toBe(true)
  await soon(() => isOnDisk(SECRET.toUpperCase()), inTime).toBe(true)
  for (const text of disguisesOf(SECRET)) expect(await isOnDisk(text)).toBe(false)
})

tabsTest('what a crashed tab has left is gone after the next message', async ({ openTabs }) => {
  const [first, second, third, crashed] = (await openTabs(4)) as [Tab, Tab, Tab, Tab]
  await crash(crashed)
  await first.post('a')
  await second.post('b')
  await soon(third.heard).toHaveLength(2)
  const left = async () => (await third.items()).filter((item) => item.startsWith(`${NAME} ${crashed.id}`))
  await soon(left).toHaveLength(3)

  await passSixSeconds(third)
  await third.post('c')
  await soon(first.heard).toEqual(['b', 'c'])
  await soon(first.items).toEqual(itemsOf(first, second, third))
})

tabsTest('a crashed tab leaves little, however much it is told', async ({ openTabs }) => {
  const [first, second, crashed] = (await openTabs(3)) as [Tab, Tab, Tab]
  await crash(crashed)
  const counts: number[] = []
  for (let n = 1; n <= 40; n++) {
    await first.post(n)
    await soon(second.heard).toHaveLength(n)
    counts.push((await first.items()).length)
  }
  expect(Math.max(...counts)).toBeGreaterThan(30)
  expect(Math.max(...counts)).toBeLessThan(40)
  await soon(first.items).toEqual(itemsOf(first, second))
})

tabsTest('tabs that crashed before they were told anything do not pile up', async ({ openTabs }) => {
  const [first] = (await openTabs(1)) as [Tab]
  for (let n = 0; n < 40; n++) await first.store(`${NAME} ${String(n).padStart(87, 'A')}=`, '')
  const [second] = (await openTabs(1)) as [Tab]
  await soon(second.items).toEqual(itemsOf(first, second))
  await second.post('a')
  await soon(first.heard).toEqual(['a'])
})

tabsTest('a tab that closes its channel, or leaves, takes its items along', async ({ url, openTabs }) => {
  const [first, closed, left, ended] = (await openTabs(4)) as [Tab, Tab, Tab, Tab]
  await closed.page.close({ runBeforeUnload: true })
  await left.page.goto(`${url}elsewhere`)
  await ended.page.evaluate(() => channel.close())
  await ended.page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')))
  await soon(first.items).toEqual(itemsOf(first))
  expect(await ended.items()).toEqual(itemsOf(first))
})

tabsTest('a closed channel neither speaks nor hears', async ({ openTabs }) => {
  const [first, second] = (await openTabs(2)) as [Tab, Tab]
  await second.page.evaluate(() => {
    channel.postMessage('the last')
    channel.close()
    channel.postMessage('one too many')
  })
  await soon(first.items).toEqual(itemsOf(first))
  const again = await second.page.evaluateHandle((name) => openChannel(name), NAME)
  await soon(first.items).toHaveLength(2)
  await again.evaluate(({ channel }) => channel.postMessage('from another'))
  await first.post('to another')
  await soon(() => again.evaluate(({ heard }) => heard)).toEqual(['to another'])
  expect(await first.heard()).toEqual(['the last', 'from another'])
  expect(await second.heard()).toEqual([])
})

tabsTest('what a channel is about to open when it closes is not heard', async ({ openTabs }) => {
  const [first, second] = (await openTabs(2)) as [Tab, Tab]
  const opened = await second.page.evaluateHandle(() => {
    const { decrypt } = SubtleCrypto.prototype
    const { promise, resolve } = Promise.withResolvers<ArrayBuffer>()
    SubtleCrypto.prototype.decrypt = function (...given) {
      channel.close()
      const opening = decrypt.apply(this, given)
      resolve(opening)
      return opening
    }
    return { promise }
  })
  await first.post('too late')
  expect(await opened.evaluate(async ({ promise }) => new TextDecoder().decode(await promise))).toBe(
    '"too late"',
  )
  expect(await second.heard()).toEqual([])
})

tabsTest('messages of which no event told are heard when the tab becomes visible', async ({ openTabs }) => {
  const [first, second] = (await openTabs(2)) as [Tab, Tab]
  const other = `${NAME}.au`
  const deaf = await second.page.evaluateHandle((name) => {
    addEventListener('storage', (event) => event.stopImmediatePropagation(), true)
    return openChannel(name)
  }, other)
  await soon(first.items).toHaveLength(3)
  const sender = await first.page.evaluateHandle((name) => openChannel(name), other)
  await soon(second.items).toHaveLength(4)
  await sender.evaluate(({ channel }) => {
    for (const message of ['a', 'b', 'c']) channel.postMessage(message)
  })
  await soon(second.items).toHaveLength(7)
  await second.page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')))
  await soon(() => deaf.evaluate(({ heard }) => heard)).toEqual(['a', 'b', 'c'])
  await soon(first.items).toHaveLength(4)
})

tabsTest(
  'a page that comes back from the back-forward cache speaks and hears again',
  async ({ url, openTabs }) => {
    const [first, second] = (await openTabs(2)) as [Tab, Tab]
    await second.page.goto(`${url}elsewhere`)
    await soon(first.items).toEqual(itemsOf(first))
    await first.post('while it was away')

    await second.page.evaluate(() => history.back())
    // The same key: it is the same page, which was not loaded again.
    await soon(first.items).toEqual(itemsOf(first, second))
    await first.post('a')
    await second.post('b')
    await soon(second.heard).toEqual(['a'])
    await soon(first.heard).toEqual(['b'])
  },
)

tabsTest(
  'a tab that was held up for so long that it was taken for dead still hears everything else',
  async ({ openTabs, holdUp }) => {
    const [first, second] = (await openTabs(2)) as [Tab, Tab]
    const letGo = await holdUp(second)
    await first.post('a')
    await soon(first.items).toHaveLength(3)
    await passSixSeconds(first)
    await first.post('said while nobody seemed to be there')
    await soon(first.items).toEqual(itemsOf(first))

    await letGo()
    await soon(first.items).toEqual(itemsOf(first, second))
    await first.post('b')
    await soon(second.heard).toEqual(['a', 'b'])
  },
)

tabsTest(
  'a tab that was taken for dead, or whose storage was cleared, is told again',
  async ({ openTabs }) => {
    const [first, second] = (await openTabs(2)) as [Tab, Tab]
    await first.page.evaluate((item) => localStorage.removeItem(item), itemsOf(second)[0] as string)
    await soon(first.items).toEqual(itemsOf(first, second))
    await first.post('a')
    await first.page.evaluate(() => localStorage.clear())
    await soon(first.items).toEqual(itemsOf(second))
    await first.post('b')
    await soon(second.heard).toEqual(['a', 'b'])
    await second.post('c')
    await soon(first.heard).toEqual(['c'])
  },
)

tabsTest('garbage, replays and messages under another label are not heard', async ({ openTabs }) => {
  const [first, second, third] = (await openTabs(3)) as [Tab, Tab, Tab]
  await first.post('a')
  await soon(second.heard).toEqual(['a'])
  await soon(third.heard).toEqual(['a'])
  const toSecond = `${NAME} ${second.id} ${first.id} `
  const [key, sealed] = (await first.written()).find(([key]) => key.startsWith(toSecond)) ?? ['', '']
  const number = Number(key.slice(toSecond.length))
  expect(number).toBeGreaterThan(0)

  await first.store(key, sealed)
  await first.store(`${toSecond}${number + 1}`, sealed)
  await first.store(`${toSecond}${number + 2}`, 'not base64!')
  await first.store(`${toSecond}${number + 3}`, '')
  await first.store(`${toSecond}${number + 4}`, btoa('garbage that is long enough for an iv and a tag'))
  await first.store(`${NAME} ${second.id} ${third.id} ${number}`, sealed)
  await first.store(`${NAME} ${third.id} ${first.id} ${number + 1}`, sealed)
  await second.store(`${NAME} ${first.id} ${second.id} ${number}`, sealed)
  await first.store(`${NAME} ${second.id} ${'A'.repeat(87)}= 1`, sealed)
  await first.store(`${NAME} ${'A'.repeat(87)}=`, 'a key that is none')
  await first.store(`${NAME} ${'B'.repeat(87)}= ${first.id} ${Date.now() + 100_000}`, 'to nobody')
  await first.store(`${NAME} settings`, 'stays')

  await first.post('b')
  await soon(second.heard).toEqual(['a', 'b'])
  await soon(third.heard).toEqual(['a', 'b'])
  await second.post('c')
  await soon(first.heard).toEqual(['c'])
  await soon(first.items).toEqual([...itemsOf(first, second, third), `${NAME} settings`].sort())
})

tabsTest('channels of one page hear each other, but for those of another name', async ({ openTabs }) => {
  const [first, second] = (await openTabs(2)) as [Tab, Tab]
  const twin = await first.page.evaluateHandle((name) => openChannel(name), NAME)
  const other = await first.page.evaluateHandle((name) => openChannel(name), `${NAME}.au`)
  const another = await second.page.evaluateHandle((name) => openChannel(name), `${NAME}.au`)
  for (const { items } of [first, second]) await soon(items).toHaveLength(5)

  await first.post('a')
  await soon(() => twin.evaluate(({ heard }) => heard)).toEqual(['a'])
  await twin.evaluate(({ channel }) => channel.postMessage('b'))
  await soon(second.heard).toEqual(['a', 'b'])
  await soon(first.heard).toEqual(['b'])
  await other.evaluate(({ channel }) => channel.postMessage('c'))
  await soon(() => another.evaluate(({ heard }) => heard)).toEqual(['c'])
  expect(await other.evaluate(({ heard }) => heard)).toEqual([])
  await soon(second.items).toHaveLength(5)
})

tabsTest('messages keep their order, however long each takes to seal and to open', async ({ openTabs }) => {
  const [first, second] = (await openTabs(2)) as [Tab, Tab]
  for (const { page } of [first, second])
    await page.evaluate(() => {
      let milliseconds = 300
      const { deriveBits } = SubtleCrypto.prototype
      SubtleCrypto.prototype.deriveBits = async function (...given) {
        milliseconds -= 100
        await new Promise((resolve) => setTimeout(resolve, milliseconds))
        return deriveBits.apply(this, given)
      }
    })
  await first.post('a', 'b', 'c')
  await soon(second.heard).toEqual(['a', 'b', 'c'])
})

tabsTest('a message is what it was when it was sent', async ({ openTabs }) => {
  const [first, second] = (await openTabs(2)) as [Tab, Tab]
  await first.page.evaluate(() => {
    const message = { text: 'as sent', umlaut: 'Zoë 🙂' }
    channel.postMessage(message)
    message.text = 'changed since'
  })
  await soon(second.heard).toEqual([{ text: 'as sent', umlaut: 'Zoë 🙂' }])
})

tabsTest("a message that cannot be said is nobody's news", async ({ openTabs }) => {
  const [first, second] = (await openTabs(2)) as [Tab, Tab]
  await first.page.evaluate(() => {
    const circle: { self?: unknown } = {}
    circle.self = circle
    for (const message of [circle, 1n, undefined, () => {}]) channel.postMessage(message)
  })
  await first.post('a')
  await soon(second.heard).toEqual(['a'])
})

tabsTest(
  'while the storage is full nothing is told, and afterwards all is as before',
  async ({ openTabs }) => {
    const [first, second] = (await openTabs(2)) as [Tab, Tab]
    await first.page.evaluate(() => {
      for (let length = 1 << 22, n = 0; length >= 1; n++) {
        try {
          localStorage.setItem(`filler ${n}`, 'x'.repeat(length))
        } catch {
          length = Math.floor(length / 2)
        }
      }
      channel.postMessage('one too many')
    })
    const tried = (prefix: string) => written.some(([key]) => key.startsWith(prefix))
    await soon(() => first.page.evaluate(tried, `${NAME} ${second.id} `)).toBe(true)

    await first.page.evaluate(() => {
      for (const item of Object.keys(localStorage))
        if (item.startsWith('filler')) localStorage.removeItem(item)
    })
    for (const { items } of [first, second]) await soon(items).toEqual(itemsOf(first, second))
    await first.post('a')
    await second.post('b')
    await soon(second.heard).toEqual(['a'])
    await soon(first.heard).toEqual(['b'])
  },
)

for (const [where, pathOf] of [
  ['on a page without https', ({ insecureUrl }) => insecureUrl],
  ['on a sandboxed page, which has no storage', ({ url }) => `${url}sandboxed`],
] as [string, (origin: { url: string; insecureUrl: string }) => string][])
  tabsTest(`nothing is told, and nothing thrown, ${where}`, async (origin) => {
    const page = await openPage(origin.context)
    await page.goto(pathOf(origin))
    await page.evaluate(() => {
      channel.postMessage('a')
      channel.close()
      channel.postMessage('b')
    })
    expect(await page.evaluate(() => typeof crypto.subtle)).toBe(
      where.includes('https') ? 'undefined' : 'object',
    )
  })

/** All are held up at once: in one process the second would only begin when the first is let go. */
async function expectProcessesOfTheirOwn({ holdUp }: Origin, tabs: Tab[]): Promise<void> {
  for (const letGo of await Promise.all(tabs.map(holdUp))) await letGo()
}

async function expectHeardFromEachOther(tabs: Tab[], count: number): Promise<void> {
  const counted = Array.from({ length: count }, (_, n) => n)
  const heardByEach = () => Promise.all(tabs.map((tab) => numbersBySender(tab, tabs.length)))
  await soon(heardByEach).toEqual(tabs.map((_, me) => tabs.map((_, from) => (from === me ? [] : counted))))
}

async function numbersBySender({ heard }: Tab, senders: number): Promise<number[][]> {
  const messages = (await heard()) as { from: number; n: number }[]
  return Array.from({ length: senders }, (_, sender) =>
    messages.filter(({ from }) => from === sender).map(({ n }) => n),
  )
}

async function crash({ page }: Tab): Promise<void> {
  const crashed = page.waitForEvent('crash')
  const session = await page.context().newCDPSession(page)
  // It is never answered.
  session.send('Page.crash').catch(() => {})
  await crashed
}

async function passSixSeconds({ page }: Tab): Promise<void> {
  await page.evaluate(() => {
    const { now } = Date
    Date.now = () => now() + 6000
  })
}

/** As it is, and as base64 has it at each of the three places where it may begin. */
function disguisesOf(text: string): string[] {
  const shifted = ['', '-', '--'].map((before) => btoa(before + text).slice(4, -4))
  return [text, ...shifted]
}
