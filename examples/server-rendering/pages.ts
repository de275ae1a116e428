interface Me {
  user: { email: string }
}
interface Order {
  item: string
  price: number
}
interface Profile {
  id: string
  roles: string[]
}

/** A page for somebody. No token is in it: the page's own client asks for one when it needs one. */
export function pageOf(path: string, { user }: Me, orders: Order[], profile: Profile): string {
  const rows = orders.map(({ item, price }) => html`<li>${item}, ${price} €</li>`).join('')
  const about = html`<h2>Profile</h2><p>User ${profile.id}, ${profile.roles.join(', ') || 'no roles'}</p>`
  return layout(
    'signed-in',
    `<header>${html`<p>Signed in as <b>${user.email}</b></p>`}<button id="sign-out">Sign out</button></header>
    <nav><a href="/">Overview</a> <a href="/orders">Orders</a></nav>
    <h2>Orders</h2><ul>${rows}</ul>
    ${path === '/' ? about : ''}`,
  )
}

export function signInPage(): string {
  return layout(
    'signed-out',
    `<form id="sign-in">
      <label>E-mail <input name="email" type="email" autocomplete="username" required></label>
      <label>Password <input name="password" type="password" autocomplete="current-password" required></label>
      <button name="what" value="login">Sign in</button> <button name="what" value="register">Sign up</button>
    </form>`,
  )
}

export function tryAgainPage(): string {
  return layout('unknown', '<p>We cannot be reached just now. <a href="">Try again</a></p>')
}

function layout(status: string, main: string): string {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width">
    <title>Harbour supplies</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="/page.css">
    <script type="module" src="/page.js"></script>
  </head>
  <body data-status="${status}">
    <h1>Harbour supplies</h1>
    <main>${main}</main>
    <p id="says" role="status"></p>
  </body>
</html>
`
}

/** Text between the tags is escaped, whoever wrote it. */
function html(parts: TemplateStringsArray, ...values: unknown[]): string {
  const escaped = values.map((value) =>
    String(value).replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`),
  )
  return String.raw({ raw: parts }, ...escaped)
}
