{{- /* Names, labels and addresses. What concerns one part of the release is given as (list $ "part"). */ -}}

{{- define "bailiwick.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "bailiwick.name" -}}
{{- printf "%s-%s" (include "bailiwick.fullname" (index . 0)) (index . 1) -}}
{{- end -}}

{{- /* The full name in the cluster's DNS: nobody's list of search domains is gone through. */ -}}
{{- define "bailiwick.host" -}}
{{- $ := index . 0 -}}
{{- printf "%s.%s.svc.%s" (include "bailiwick.name" .) $.Release.Namespace $.Values.clusterDomain -}}
{{- end -}}

{{- define "bailiwick.selector" -}}
app.kubernetes.io/name: bailiwick
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{- define "bailiwick.labels" -}}
{{ include "bailiwick.selector" . }}
app.kubernetes.io/version: {{ (index . 0).Chart.AppVersion | quote }}
app.kubernetes.io/part-of: bailiwick
app.kubernetes.io/managed-by: {{ (index . 0).Release.Service }}
helm.sh/chart: {{ printf "%s-%s" (index . 0).Chart.Name (index . 0).Chart.Version }}
{{- end -}}

{{- define "bailiwick.image" -}}
{{- $ := index . 0 -}}
{{- printf "%s/%s:%s" $.Values.image.registry (index . 1) ($.Values.image.tag | default $.Chart.AppVersion) -}}
{{- end -}}

{{- /* An image of others: beside ours, unless it says where. (list $ "image") */ -}}
{{- define "bailiwick.foreignImage" -}}
{{- $ := index . 0 -}}
{{- ternary (index . 1) (printf "%s/%s" $.Values.image.registry (index . 1)) (contains "/" (index . 1)) -}}
{{- end -}}

{{- define "bailiwick.certificateSecret" -}}
{{- $ := index . 0 -}}
{{- printf "%s-%s" ($.Values.tls.secretPrefix | default (include "bailiwick.name" (list $ "tls"))) (index . 1) -}}
{{- end -}}

{{- define "bailiwick.keysSecret" -}}
{{- $ := index . 0 -}}
{{- index $.Values.secrets (index . 1) | default (include "bailiwick.name" .) -}}
{{- end -}}

{{- define "bailiwick.passwordsSecret" -}}
{{- .Values.postgres.passwordsSecret | default (include "bailiwick.name" (list . "database")) -}}
{{- end -}}

{{- /* The hosts of Bailiwick's own API. */ -}}
{{- define "bailiwick.ownHosts" -}}
{{- $own := list (regexReplaceAll ":[0-9]+$" (trimPrefix "https://" .Values.gateway.url) "") (include "bailiwick.host" (list . "gateway")) -}}
{{- concat $own .Values.gateway.ownHosts | uniq | toJson -}}
{{- end -}}

{{- /* What is behind the gateway, the example among it. */ -}}
{{- define "bailiwick.upstreams" -}}
{{- $upstreams := .Values.gateway.upstreams -}}
{{- if .Values.documents.enabled -}}
{{- $address := printf "%s:8080" (include "bailiwick.host" (list . "documents")) -}}
{{- $upstreams = append $upstreams (dict "name" "documents" "hosts" (list .Values.documents.host) "addresses" (list $address) "health_path" "/healthz") -}}
{{- end -}}
{{- toJson $upstreams -}}
{{- end -}}
