// The page at `/docs`: what the service says about itself in /openapi.json, made readable. It owns no fact of the API.

/** The parts of an OpenAPI 3.1 document that the page shows. */
export interface OpenApi {
  info: { title: string; version: string; description?: string }
  paths: { [path: string]: { [method: string]: Operation } }
  components: { schemas: { [name: string]: Schema } }
}

export interface Operation {
  summary: string
  tags: string[]
  security?: { [scheme: string]: string[] }[]
  parameters?: Parameter[]
  requestBody?: { required?: boolean; content: { [mediaType: string]: { schema?: Schema } } }
  responses: { [status: string]: Answer }
}

export interface Parameter {
  name: string
  in: string
  required: boolean
  description?: string
}

export interface Answer {
  description: string
  content?: { [mediaType: string]: { schema?: Schema } }
}

export interface Schema {
  $ref?: string
  type?: string | string[]
  format?: string
  const?: unknown
  enum?: unknown[]
  default?: unknown
  description?: string
  properties?: { [name: string]: Schema }
  required?: string[]
  items?: Schema
}

export async function loadOpenApi(): Promise<OpenApi> {
  const response = await fetch('/openapi.json')
  if (!response.ok) throw new Error(`/openapi.json: ${response.status}`)
  return response.json()
}
