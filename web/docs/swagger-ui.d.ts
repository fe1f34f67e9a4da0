type SwaggerOptions = { url: string; dom_id: string; deepLinking: boolean; validatorUrl: string | null }

/** The global of swagger-ui-bundle.js, which the page loads before start.js. */
declare function SwaggerUIBundle(options: SwaggerOptions): unknown
