{{- /* What cannot be, with what to do: said before anything is made. */ -}}
{{- define "bailiwick.checks" -}}
{{- if not (hasPrefix "https://" .Values.gateway.url) -}}
{{- fail "gateway.url is missing: the installation's URL, https://HOST[:PORT]; access tokens name it as their issuer." -}}
{{- end -}}
{{- $trial := list -}}
{{- if eq .Values.postgres.source "bundled" }}{{ $trial = append $trial "postgres.source: bundled" }}{{ end -}}
{{- if eq .Values.secrets.source "generated" }}{{ $trial = append $trial "secrets.source: generated" }}{{ end -}}
{{- if eq .Values.tls.source "generated" }}{{ $trial = append $trial "tls.source: generated" }}{{ end -}}
{{- if .Values.documents.enabled }}{{ $trial = append $trial "documents.enabled: true" }}{{ end -}}
{{- if and $trial (eq .Values.environment "production") -}}
{{- fail (printf "%s is for trying out, and environment is production. docs/guides/kubernetes.md says what to give instead; or say environment: development." (join ", " $trial)) -}}
{{- end -}}
{{- if and (eq .Values.postgres.source "external") (not .Values.postgres.external.host) -}}
{{- fail "postgres.external.host is missing: where the databases are." -}}
{{- end -}}
{{- if and (eq .Values.tls.source "certManager") (not .Values.tls.certManager.issuer.name) -}}
{{- fail "tls.certManager.issuer.name is missing: who signs the certificates." -}}
{{- end -}}
{{- range list "identity" "permissions" "gate" -}}
{{- $values := index $.Values . -}}
{{- if and (eq $.Values.environment "production") (lt (int64 (ternary $values.autoscaling.min $values.replicas $values.autoscaling.enabled)) 2) -}}
{{- fail (printf "%s has one process, and environment is production: it would be away with its node." .) -}}
{{- end -}}
{{- end -}}
{{- end -}}
