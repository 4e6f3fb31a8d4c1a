{{- /* The configuration of a service, in TOML. Helm's own toToml writes whole numbers as fractions, which no service takes. */ -}}

{{- define "bailiwick.toml" -}}
{{- range $section, $entries := . }}
[{{ $section }}]
{{- range $key, $value := $entries }}
{{ $key }} = {{ include "bailiwick.tomlValue" $value }}
{{- end }}
{{ end -}}
{{- end -}}

{{- define "bailiwick.tomlValue" -}}
{{- if kindIs "map" . -}}
{ {{- range $index, $key := keys . | sortAlpha }}{{ if $index }},{{ end }} {{ $key }} = {{ include "bailiwick.tomlValue" (index $ $key) }}{{ end }} }
{{- else if kindIs "slice" . -}}
[{{ range $index, $value := . }}{{ if $index }}, {{ end }}{{ include "bailiwick.tomlValue" $value }}{{ end }}]
{{- else -}}
{{ toJson . }}
{{- end -}}
{{- end -}}

{{- /* The whole of it for one service: what is told to it, over what is told to all, over what the chart knows. (list $ "service") */ -}}
{{- define "bailiwick.configuration" -}}
{{- $ := index . 0 -}}
{{- $service := index . 1 -}}
{{- $values := index $.Values $service -}}
{{- $server := dict "listen" "0.0.0.0:8443" "admin_listen" "0.0.0.0:8081" "drain_delay_ms" 5000 -}}
{{- $tls := dict "certificate_file" "/etc/bailiwick/tls/tls.crt" "key_file" "/etc/bailiwick/tls/tls.key" "ca_file" "/etc/bailiwick/tls/ca.crt" "trust_domain" $.Values.trustDomain -}}
{{- $database := dict "url" (include "bailiwick.databaseUrl" (list $ $service $service)) "password_file" "/etc/bailiwick/database/password" -}}
{{- $own := dict -}}
{{- if eq $service "identity" -}}
{{- $own = dict "issuer" $.Values.gateway.url "pepper_file" "/etc/bailiwick/secrets/pepper" "seal_key_file" "/etc/bailiwick/secrets/seal-key" -}}
{{- if or (eq $.Values.secrets.source "generated") $.Values.identity.bootstrap -}}
{{- $_ := set $own "bootstrap_secret_file" "/etc/bailiwick/secrets/bootstrap-secret" -}}
{{- end -}}
{{- else if eq $service "permissions" -}}
{{- $own = dict "token_key_file" "/etc/bailiwick/secrets/token-key" -}}
{{- with $.Values.permissions.snapshots.store -}}
{{- $_ := set $own "snapshot_store" . -}}
{{- end -}}
{{- else -}}
{{- $own = dict "assertion_key_file" "/etc/bailiwick/secrets/assertion-key.pem" "own_hosts" (include "bailiwick.ownHosts" $ | fromJsonArray) -}}
{{- end -}}
{{- $whole := dict "server" $server "tls" $tls "database" $database "telemetry" dict $service $own -}}
{{- $peers := dict -}}
{{- range $callee, $callers := include "bailiwick.callers" $ | fromYaml -}}
{{- if and (has $service $callers) (ne $callee $service) -}}
{{- $_ := set $peers $callee (dict "address" (printf "https://%s:8443" (include "bailiwick.host" (list $ $callee)))) -}}
{{- end -}}
{{- end -}}
{{- $_ := set $whole "peers" $peers -}}
{{- $told := mergeOverwrite (deepCopy $.Values.config) (deepCopy $values.config) -}}
{{- include "bailiwick.toml" (mergeOverwrite $whole $told) -}}
{{- end -}}

{{- /* (list $ "service" "role") */ -}}
{{- define "bailiwick.databaseUrl" -}}
{{- $ := index . 0 -}}
{{- $external := $.Values.postgres.external -}}
{{- if eq $.Values.postgres.source "bundled" -}}
{{- printf "postgres://%s@%s:5432/%s?sslmode=disable" (index . 2) (include "bailiwick.host" (list $ "postgres")) (index . 1) -}}
{{- else -}}
{{- $root := ternary "&sslrootcert=/etc/bailiwick/database/ca.crt" "" (ne $external.caSecret "") -}}
{{- printf "postgres://%s@%s:%d/%s?sslmode=%s%s" (index . 2) $external.host (int64 $external.port) (index . 1) $external.sslmode $root -}}
{{- end -}}
{{- end -}}

{{- /* How long a pod may take to end: what it serves on for, what calls may take, and some time to spare. (list $ "service") */ -}}
{{- define "bailiwick.graceSeconds" -}}
{{- $ := index . 0 -}}
{{- $told := mergeOverwrite (deepCopy $.Values.config) (deepCopy (index $.Values (index . 1)).config) -}}
{{- $server := $told.server | default dict -}}
{{- $delay := dig "drain_delay_ms" 5000 $server -}}
{{- $drain := dig "drain_seconds_max" 20 $server -}}
{{- add (ceil (divf $delay 1000)) $drain 5 -}}
{{- end -}}
