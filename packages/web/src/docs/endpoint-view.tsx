import type { Endpoint, ErrorCode } from './endpoints.ts'
import { fieldsOf } from './fields.ts'
import type { Schema } from './openapi.ts'

const BEARER = {
  required: 'Needs an access token: Authorization: Bearer …',
  optional: 'An access token may be sent along.',
  none: null,
} as const

const BASIC = {
  required: "Needs a registered service's client id and secret: Authorization: Basic …",
  optional: 'A client may say who it is: Authorization: Basic …',
  none: null,
} as const

export function EndpointView({ endpoint }: { endpoint: Endpoint }) {
  const { id, method, path, summary, bearer, basic, parameters, request, success, errorForm, errors } =
    endpoint
  return (
    <article class="card endpoint" id={id}>
      <h3>
        <a href={`#${id}`}>
          <span class={`method method-${method.toLowerCase()}`}>{method}</span>
          <code>{path}</code>
        </a>
      </h3>
      <p>{summary}</p>
      {BEARER[bearer] !== null && <p class="hint">{BEARER[bearer]}</p>}
      {BASIC[basic] !== null && <p class="hint">{BASIC[basic]}</p>}
      {parameters.length > 0 && (
        <Table
          caption="Parameters"
          rows={parameters.map((parameter) => ({
            name: parameter.name,
            type: parameter.in,
            isRequired: parameter.required,
            description: parameter.description ?? '',
          }))}
        />
      )}
      {request !== undefined && <Body title={`Send ${request.mediaTypes.join(' or ')}`} {...request} />}
      <Body title={successTitle(success)} {...success} />
      {errors.length > 0 && <Errors form={errorForm} errors={errors} />}
    </article>
  )
}

function successTitle({ status, mediaType }: Endpoint['success']): string {
  return mediaType === undefined ? `Answer ${status}, without a body` : `Answer ${status}, ${mediaType}`
}

function Body({ title, name, schema }: { title: string; name?: string; schema?: Schema }) {
  const fields = schema === undefined ? [] : fieldsOf(schema)
  const caption = name === undefined ? title : `${title}: ${name}`
  return fields.length === 0 ? <h4>{caption}</h4> : <Table caption={caption} rows={fields} />
}

interface Row {
  name: string
  type: string
  isRequired: boolean
  description: string
}

function Table({ caption, rows }: { caption: string; rows: Row[] }) {
  return (
    <div class="table-frame">
      <table>
        <caption>{caption}</caption>
        <tbody>
          {rows.map(({ name, type, isRequired, description }) => (
            <tr key={name}>
              <th scope="row">
                <code>{name}</code>
                {!isRequired && <span class="optional"> optional</span>}
              </th>
              <td class="type">{type}</td>
              <td>{description}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Errors({ form, errors }: { form: string; errors: ErrorCode[] }) {
  return (
    <div class="table-frame">
      <table>
        <caption>Errors, {form}</caption>
        <tbody>
          {errors.map(({ status, code, title }) => (
            <tr key={code}>
              <th scope="row">
                <code>{code}</code>
              </th>
              <td class="type">{status}</td>
              <td>{title}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
